#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: client_js_test.sh PATH/TO/estop BUILD-FOLDER
# Runs the tests of tests/client-js. Exit code 77: it cannot be run here.
set -eu

estop=$1
build=$2
client=$(cd "$(dirname "$0")/../../client-js" && pwd)

skip() {
  echo "SKIPPED: $*"
  exit 77
}

command -v node >/dev/null || skip "no node (Debian: apt-get install nodejs npm)"
node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' || skip "node $(node --version) is older than 18"

# The packages stay out of the source tree. The marker is the lock file that they were made from: another one fetches
# anew.
mkdir -p "$build"
if ! cmp -s "$client/package-lock.json" "$build/installed-package-lock.json"; then
  command -v npm >/dev/null || skip "no npm (Debian: apt-get install nodejs npm)"
  cp "$client/package.json" "$client/package-lock.json" "$client/.npmrc" "$build/"
  # Refused for another reason than the network, for example a lock file that does not fit: a failure.
  log=$build/npm.log
  unreachable='ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ERR_SOCKET_TIMEOUT|E5[0-9][0-9]'
  if ! npm ci --prefix "$build" --no-audit --no-fund --fetch-timeout=20000 --fetch-retries=1 >"$log" 2>&1; then
    cat "$log"
    if grep -qE "$unreachable" "$log"; then
      skip "npm cannot reach its registry"
    fi
    exit 1
  fi
  cp "$client/package-lock.json" "$build/installed-package-lock.json"
fi

NODE_PATH=$build/node_modules exec node "$client/run-tests.js" "$estop"
