#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Device-bound maps on a kernel that has netdevsim, beside the emulation, row by row.
#
#   run.sh [--matrix] [BUILD]     BUILD: meson's build directory, default: build
#
# Makes the kernel if need be (kernel.sh: a minute, and 500 MB of packages to fetch once), boots it
# (boot.sh) with device_rows and bpfuse inside, and compares. --matrix writes MATRIX.md here.
# Exit status: 0 every row agrees; 1 not; 77: qemu or the kernel's packages cannot be had.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
matrix=
[ "${1:-}" != --matrix ] || { matrix=$here/MATRIX.md; shift; }
build=$(cd "${1:-$top/build}" && pwd)

rows_of()
{
	sed -n "s/^row $1 //p" "$work/out"
}

# Both answers of each row, in the kernel's order: WHAT, KERNEL, EMULATION, by tabs.
compare_rows()
{
	awk -F '\t' '
		NR == FNR { emu[$1] = $2; next }
		{ seen[$1] = 1; print $1 "\t" $2 "\t" ($1 in emu ? emu[$1] : "(no answer)") }
		END { for (what in emu) if (!(what in seen)) print what "\t(no answer)\t" emu[what] }
	' <(rows_of emu) <(rows_of kernel)
}

write_matrix()
{
	{
		echo "# Device-bound maps: the kernel and the emulation"
		echo
		echo "Written by \`tests/vm/run.sh --matrix\` on $(date -u +%F): Linux $release" \
			"(Debian $version) with netdevsim, under qemu."
		echo "$total rows, $different of them different."
		echo
		echo "| row | kernel | emulation | |"
		echo "| --- | --- | --- | --- |"
		awk -F '\t' '{ printf "| %s | %s | %s | %s |\n", $1, $2, $3, $2 == $3 ? "" : "differs" }' \
			"$work/rows"
	} >"$matrix"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
kernel=$("$here/kernel.sh")
"$here/boot.sh" "$kernel" "$here/guest_rows.sh" "$build/tests/vm/device_rows" "$build/fs/bpfuse" \
	>"$work/out"
release=$(sed -n 's/^release //p' "$work/out")
version=$(cat "$kernel/version")
compare_rows >"$work/rows"
total=$(wc -l <"$work/rows")
different=$(awk -F '\t' '$2 != $3' "$work/rows" | wc -l)
sed -n '/^stderr /p; /^status .* [^0]/p' "$work/out" >&2
awk -F '\t' '$2 != $3 { print "differs: " $1 ": the kernel says " $2 ", the emulation " $3 }' \
	"$work/rows"
[ -z "$matrix" ] || write_matrix
echo "$total rows on Linux $release: $different differ"
# A world that stopped early has rows without an answer, and so differs.
[ "$total" -gt 0 ] && [ "$different" -eq 0 ] && ! grep -q '^status .* [^0]' "$work/out"
