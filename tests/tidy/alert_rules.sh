#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The tests of the alert rules, where Debian's promtool is found. usage: alert_rules.sh SOURCE_FOLDER
PATH="$PATH:$1/build/tools/bin"
command -v promtool >/dev/null || { echo "SKIPPED: there is no promtool (Debian: prometheus)"; exit 0; }
cd "$1/docker/prometheus" || exit 1
promtool check config prometheus.yml && promtool test rules rules_test.yml
