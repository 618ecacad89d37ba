# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# bpfsnap in the shell tests: in $scratch, which is the working directory, with its journals and what
# it makes in passing there, too.
# shellcheck source=tests/tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.sh"
cd "$scratch" || exit 1
export TMPDIR=$scratch

# snap VERB ARGUMENT...
snap()
{
	local verb=$1
	shift
	case $verb in
	dump | restore) "$BPFSNAP" "$verb" --state "$scratch/state" "$@" ;;
	*) "$BPFSNAP" "$verb" "$@" ;;
	esac
}
