// SPDX-License-Identifier: Apache-2.0

// A broker's url: what is spoken, what is refused, and that no password is ever shown.
#include "broker-bridge/nats/url.h"

#include <gtest/gtest.h>

namespace estop::nats {
namespace {

TEST(Url, ASchemeIsHonoured) {
  const struct {
    const char* text;
    const char* host;
    bool is_secure;
    const char* library;
  } kCases[] = {
      {"nats://broker", "broker", false, "nats://broker:4222"},
      {"nats://127.0.0.1:4333", "127.0.0.1", false, "nats://127.0.0.1:4333"},
      {"127.0.0.1:4333/", "127.0.0.1", false, "nats://127.0.0.1:4333"},
      {"tls://broker.example:4222", "broker.example", true, "nats://broker.example:4222"},
      {"TLS://broker", "broker", true, "nats://broker:4222"},
      {"nats://[::1]:4333", "::1", false, "nats://[::1]:4333"},
      {"nats://u:p@broker:1", "broker", false, "nats://u:p@broker:1"},
      {"tls://token@broker", "broker", true, "nats://token@broker:4222"},
  };
  for (const auto& c : kCases) {
    const auto urls = parse_urls(c.text);
    ASSERT_TRUE(urls) << c.text << ": " << urls.error();
    ASSERT_EQ(urls->size(), 1U) << c.text;
    EXPECT_EQ(urls->front().host, c.host) << c.text;
    EXPECT_EQ(urls->front().is_secure, c.is_secure) << c.text;
    EXPECT_EQ(urls->front().text, c.library) << c.text;
  }
}

TEST(Url, SeveralStandWithCommasBetween) {
  const auto urls = parse_urls("nats://a:1,tls://b,c:3");
  ASSERT_TRUE(urls) << urls.error();
  ASSERT_EQ(urls->size(), 3U);
  EXPECT_FALSE(urls->at(0).is_secure);
  EXPECT_TRUE(urls->at(1).is_secure);
  EXPECT_EQ(urls->at(2).text, "nats://c:3");
}

TEST(Url, WhatIsNotSpokenIsRefusedAndNamed) {
  const struct {
    const char* text;
    const char* says;
  } kCases[] = {
      {"", "empty"},
      {",", "empty"},
      {"http://broker", "'http' is not spoken"},
      {"https://broker", "'https' is not spoken"},
      {"ws://broker:80", "'ws' is not spoken"},
      {"nats+tls://broker", "nats:// or tls://"},
      {"nats://a,wss://b", "'wss' is not spoken"},
      {"nats://", "no host"},
      {"nats://:4222", "no host"},
      {"nats://a b", "no host"},
      {"nats://a\nb", "no host"},
      {"nats://::1", "no host"},
      {"nats://[::1", "no host"},
      {"nats://a/path", "no host"},
      {"nats://a:0", "no port"},
      {"nats://a:65536", "no port"},
      {"nats://a:x", "no port"},
      {"nats://u:s3cret@a:x", "no port"},
      {"nats://u:s3,cret@a", "comma in the password"},
  };
  for (const auto& c : kCases) {
    const auto urls = parse_urls(c.text);
    ASSERT_FALSE(urls) << c.text;
    EXPECT_EQ(urls.error().code, schemas::Errc::kBadArgument);
    EXPECT_NE(urls.error().detail.find(c.says), std::string::npos) << urls.error();
    EXPECT_EQ(urls.error().detail.find("s3"), std::string::npos) << urls.error();
  }
}

TEST(Url, IsShownWithoutItsSecrets) {
  const struct {
    const char* text;
    const char* shown;
  } kCases[] = {
      {"nats://127.0.0.1:4222", "nats://127.0.0.1:4222"},
      {"nats://u:p@h", "nats://h"},
      {"tls://token@h:1", "tls://h:1"},
      {"u:p@h", "h"},
      {"nats://u:p@h1,nats://u:p@h2", "nats://h1,nats://h2"},
      {"nats://h1,tls://u:p@h2", "nats://h1,tls://h2"},
      {"nats://u:p,w@h", "nats://h"},
      {"nats://u:p@w@h", "nats://h"},
      {"nats://u:p://w@h", "nats://h"},
      {"http://u:p@h", "http://h"},
      {"u:p@x://h", "x://h"},
      {"", ""},
  };
  for (const auto& c : kCases) EXPECT_EQ(redacted(c.text), c.shown) << c.text;
}

}  // namespace
}  // namespace estop::nats
