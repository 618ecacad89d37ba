#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# matrix.sh CONFORMANCE: MATRIX.md, to which the README links, is of the table as it is now. The
# kernel's half is written where that kernel is; the emulation's trials are the same everywhere.
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
matrix=$(dirname "$0")/MATRIX.md

# Column of the table "Agreement", summed up.
column()
{
	awk -F'|' -v column="$1" '/^## / {inside = /Agreement/}
		inside && $3 ~ /[0-9]/ {sum += $column} END {print sum + 0}' "$matrix"
}

"$1" emu >"$scratch/run"
expect "trials that the emulation agrees in" "$(grep '^ok' "$scratch/run" | grep -vc SKIP)" "$(column 5)"
expect "those that it differs in" "$(grep -c '^not ok' "$scratch/run")" "$(column 6)"
expect "the kernel was tried as often" "$(column 5)" "$(column 3)"
expect "and the table agrees with it" 0 "$(column 4)"
finish
