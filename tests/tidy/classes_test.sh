#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What classes.sh counts, and what it says. usage: classes_test.sh CLASSES.SH
set -euo pipefail
command -v ctags >/dev/null || { echo "SKIPPED: no universal-ctags here"; exit 0; }
classes=$(realpath "$1")
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{schemas,broker-bridge,agent-runtime,control}

# with FUNCTIONS: a class of so many functions, some of each kind, and of much that is none.
with() {
  local i
  echo 'namespace estop { class Wide { public: Wide(); explicit Wide(int); ~Wide(); Wide& operator=(const Wide&) = delete;'
  echo 'friend bool operator==(const Wide&, const Wide&) = default; explicit operator bool() const; int number_ = 0;'
  echo 'explicit Wide(double d) : number_([d] { return static_cast<int>(d); }()) {}'
  echo 'struct Inner { int a(); int b() { return 1; } }; using Call = void (*)(int); std::function<void()> then_;'
  echo '[[nodiscard]] static int s(); int operators() const { return number_; } private: template <class T> void t(T t);'
  for ((i = 3; i < $1; ++i)); do echo "[[nodiscard]] const std::map<int, int>& f$i(int a, int b = 1) const noexcept;"; done
  echo '};'; echo 'Wide::Wide() {} int Wide::s() { return 1; } }'
}

with 25 >"$tree/schemas/wide.h"
"$classes" "$tree" || { echo "25 functions are not too many"; exit 1; }
with 26 >"$tree/schemas/wide.h"
echo 'int estop::Wide::f3(int, int) const { return 1; }' >"$tree/schemas/wide.cc"
if said=$("$classes" "$tree"); then echo "26 functions are too many"; exit 1; fi
[[ $said == "schemas/wide.h:1: estop::Wide has 26 functions: at most 25;"* ]] || { echo "it said: $said"; exit 1; }
