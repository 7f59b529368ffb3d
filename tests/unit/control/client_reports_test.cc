// SPDX-License-Identifier: Apache-2.0

// What nats-server 2.9.10 and 2.10.27 say of their clients, word for word but for the JWTs.
#include "control/app/client_reports.h"

#include <gtest/gtest.h>

namespace estop::control {
namespace {

const std::string kConnect_2_9 =
    R"({"type":"io.nats.server.advisory.v1.client_connect","id":"4kek20Q4zoxLUXx3JtlakZ",)"
    R"("timestamp":"2026-11-22T10:15:25.227079535Z","server":{"name":"estop","host":"127.0.0.1",)"
    R"("id":"NAOJSCPCWCZBO7XLDW72YWE2QNULYLEH7PWX5ZF23NLHVVHALP33BLBQ","ver":"2.9.10","seq":24,)"
    R"("jetstream":true,"time":"2026-11-22T10:15:25.227218682Z"},"client":{"start":)"
    R"("2026-11-22T10:15:25.202449425Z","host":"127.0.0.1","id":7,"acc":)"
    R"("AA5575TPWXU6BKGV5GJARCMRASK5IIEADCJXF6MEL5NYLS5FJJT5XFIJ","user":)"
    R"("UDZ57YREQYSID3CJQGBDSOUED4IWWPOUMIOAUJFPDUYBPFGW3KJM4W4F","name":"two","lang":"py",)"
    R"("ver":"1","jwt":"J","issuer_key":)"
    R"("AA5575TPWXU6BKGV5GJARCMRASK5IIEADCJXF6MEL5NYLS5FJJT5XFIJ","name_tag":)"
    R"("agent-acme.prod.a","kind":"Client","client_type":"nats"}})";

const std::string kDisconnect_2_10 =
    R"({"type":"io.nats.server.advisory.v1.client_disconnect","id":"gUp3VC0JzZ6KW3sat5Nit3",)"
    R"("timestamp":"2026-11-22T10:15:39.463686146Z","server":{"name":"estop","host":"127.0.0.1",)"
    R"("id":"NACJQVSMKDO3AZYJ4NSPXQH67GU5ZKPVN6N4HN3H2Q6ZI7QAHO25SEQM","ver":"2.10.27",)"
    R"("jetstream":true,"flags":3,"seq":24,"time":"2026-11-22T10:15:39.463727227Z"},"client":)"
    R"({"start":"2026-11-22T10:15:38.888031427Z","host":"127.0.0.1","id":8,"acc":)"
    R"("ADHO7MGLGUINWUJWOZKABBTMC2YGPG6U5CHFKR4NUPGCEKD7AMA4GMD2","user":)"
    R"("UBRYM6OHUQDLOY22FXZIJG6COS4OJX4P627WTB4TLDSCJOPVZAIXGAWB","name":"two","lang":"py",)"
    R"("ver":"1","rtt":837000,"stop":"2026-11-22T10:15:39.463686146Z","jwt":"J","issuer_key":)"
    R"("ADHO7MGLGUINWUJWOZKABBTMC2YGPG6U5CHFKR4NUPGCEKD7AMA4GMD2","name_tag":)"
    R"("agent-acme.prod.a","kind":"Client","client_type":"nats"},"sent":{"msgs":0,"bytes":0},)"
    R"("received":{"msgs":0,"bytes":0},"reason":"Client Closed"})";

// Of 2.9.10 and 2.10.27 the same, but for `server`, which is not read.
const std::string kPage =
    R"({"server":{"name":"estop","host":"127.0.0.1","id":)"
    R"("NAOJSCPCWCZBO7XLDW72YWE2QNULYLEH7PWX5ZF23NLHVVHALP33BLBQ","ver":"2.9.10","seq":37,)"
    R"("jetstream":true,"time":"2026-11-22T10:15:27.861796978Z"},"data":{"server_id":)"
    R"("NAOJSCPCWCZBO7XLDW72YWE2QNULYLEH7PWX5ZF23NLHVVHALP33BLBQ","now":)"
    R"("2026-11-22T10:15:27.861759192Z","num_connections":1,"total":2,"offset":1,"limit":1,)"
    R"("connections":[{"cid":8,"kind":"Client","type":"nats","ip":"127.0.0.1","port":54350,)"
    R"("start":"2026-11-22T10:15:25.261388003Z","last_activity":"2026-11-22T10:15:25.273506561Z",)"
    R"("rtt":"12.118628ms","uptime":"2s","idle":"2s","pending_bytes":0,"in_msgs":0,"out_msgs":0,)"
    R"("in_bytes":0,"out_bytes":0,"subscriptions":0,"name":"bridge","lang":"py","version":"1",)"
    R"("authorized_user":"UAJ5NIBQEXRVLM2BJBL7BXQWY4XW5MH2JNHDQIWKC7TROJIQ7LQ76QT3","account":)"
    R"("AA5575TPWXU6BKGV5GJARCMRASK5IIEADCJXF6MEL5NYLS5FJJT5XFIJ","jwt":"J","issuer_key":)"
    R"("AA5575TPWXU6BKGV5GJARCMRASK5IIEADCJXF6MEL5NYLS5FJJT5XFIJ","name_tag":)"
    R"("bridge-bridge-1"}]}})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

TEST(ClientReports, OfAnAgentNameItsAddressKeyAndHost) {
  const auto report = read_client_report(kConnect_2_9);
  ASSERT_TRUE(report && report->client);
  EXPECT_EQ(report->account_key, "AA5575TPWXU6BKGV5GJARCMRASK5IIEADCJXF6MEL5NYLS5FJJT5XFIJ");
  EXPECT_EQ(report->server, "NAOJSCPCWCZBO7XLDW72YWE2QNULYLEH7PWX5ZF23NLHVVHALP33BLBQ");
  EXPECT_EQ(report->number, 7U);
  EXPECT_EQ(report->client->user, "UDZ57YREQYSID3CJQGBDSOUED4IWWPOUMIOAUJFPDUYBPFGW3KJM4W4F");
  EXPECT_EQ(report->client->agent.text(), "acme/prod/a");
  EXPECT_EQ(report->client->calls_itself, "two (127.0.0.1)");
}

TEST(ClientReports, OfTheEndAreReadAlike) {
  const auto report = read_client_report(kDisconnect_2_10);
  ASSERT_TRUE(report && report->client);
  EXPECT_EQ(report->number, 8U);
  EXPECT_EQ(report->client->agent.text(), "acme/prod/a");
}

TEST(ClientReports, OfWhoMayConnectAsOftenAsHeLikesHaveNoClient) {
  for (const char* name : {"operator-alice", "viewer-bob", "witness", "agent-acme", ""}) {
    const auto report = read_client_report(with(kConnect_2_9, "agent-acme.prod.a", name));
    ASSERT_TRUE(report) << name;
    EXPECT_FALSE(report->client) << name;
  }
}

TEST(ClientReports, ShowNamesThatClientsChooseAsATerminalMay) {
  const auto report = read_client_report(with(kConnect_2_9, R"("two")", R"("\u001b[2J\n")"));
  ASSERT_TRUE(report && report->client);
  EXPECT_EQ(report->client->calls_itself, "[2J (127.0.0.1)");
}

TEST(ClientReports, OfAPageAreItsPartAndTheWhole) {
  const auto page = read_client_page(kPage);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->total, 2U);
  ASSERT_EQ(page->reports.size(), 1U);
  EXPECT_EQ(page->reports.front().number, 8U);
  EXPECT_EQ(page->reports.front().server, page->server);
  ASSERT_TRUE(page->reports.front().client);
  EXPECT_EQ(page->reports.front().client->credential, "bridge-bridge-1");
  EXPECT_TRUE(page->reports.front().client->agent.empty());
}

TEST(ClientReports, OfAPageBehindTheLastAreNone) {
  const std::size_t list = kPage.find(R"("connections":)");
  const auto page = read_client_page(kPage.substr(0, list) + R"("connections":null}})");
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->reports.empty());
}

TEST(ClientReports, OfAnotherShapeAreNone) {
  for (const char* text : {"", "{}", "[]", R"({"client":1})", R"({"data":{"connections":[1]}})"}) {
    EXPECT_FALSE(read_client_report(text)) << text;
    EXPECT_FALSE(read_client_page(text)) << text;
  }
}

}  // namespace
}  // namespace estop::control
