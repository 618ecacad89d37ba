#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Every file that a mounted tree has beside keys and pins is described in bpfuse(8), and what is
# described there is to be seen in some tree.
#   tree-files.sh bpfuse.8.scd
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse
page=$(realpath "$1")
mnt=$scratch/mnt
mkdir "$mnt"

# A map of each kind, a program, a link, devices.
cat >"$scratch/world.json" <<'END'
{"devices": [{"name": "nsim0"}, {"name": "eth0", "driver": "veth"}],
 "maps": [
  {"name": "hash", "type": "hash", "key": 4, "value": 4, "entries": 1},
  {"name": "percpu", "type": "percpu_array", "key": 4, "value": 4, "entries": 1},
  {"name": "devmap", "type": "devmap", "key": 4, "value": 4, "entries": 1},
  {"name": "progs", "type": "prog_array", "key": 4, "value": 4, "entries": 1},
  {"name": "outer", "type": "array_of_maps", "key": 4, "value": 4, "entries": 1, "inner": "hash"},
  {"name": "queue", "type": "queue", "value": 4, "entries": 1},
  {"name": "bloom", "type": "bloom_filter", "value": 4, "entries": 1},
  {"name": "ring", "type": "ringbuf", "entries": 4096},
  {"name": "events", "type": "perf_event_array", "key": 4, "value": 4, "entries": 2},
  {"name": "user", "type": "user_ringbuf", "entries": 4096}],
 "programs": [{"name": "prog", "type": "xdp", "maps": ["hash"]}],
 "links": [{"name": "link", "type": "xdp", "prog": "prog"}],
 "pins": [
  {"path": "hash", "map": "hash"}, {"path": "percpu", "map": "percpu"},
  {"path": "devmap", "map": "devmap"}, {"path": "progs", "map": "progs"},
  {"path": "outer", "map": "outer"}, {"path": "queue", "map": "queue"},
  {"path": "bloom", "map": "bloom"}, {"path": "ring", "map": "ring"},
  {"path": "events", "map": "events"}, {"path": "user", "map": "user"},
  {"path": "prog", "prog": "prog"}, {"path": "link", "link": "link"}]}
END

# described SECTION: the words in bold there, one a line, and what is before and behind their "/".
described()
{
	awk -v heading="$1" '$0 == heading { inside = 1; next } inside && /^#/ { exit } inside' "$page" |
		tr -d '\\' | grep -oE '\*[^*]+\*' | tr -d '*' | tr ' ' '\n' |
		sed 's|/$||; p; s|/.*||' | sort -u
}

names()
{
	find "$@" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort -u
}

# files TITLE SECTION FILE...: what is there is described.
files()
{
	local title=$1 section=$2
	shift 2
	expect "$title" "" "$(comm -23 <(printf '%s\n' "$@" | sort -u) <(described "$section") | paste -sd' ')"
}

"$BPFUSE" "emu:$scratch/world.json" "$mnt" -o streams || exit 1
cd "$mnt" || exit 1
mapfile -t top < <(names . | grep '\.')
files "what the root adds" "# THE TREE" "${top[@]}"
mapfile -t attributes < <(names ./*/.map maps.control/*/.map)
files ".map/ of every map" "## .map/" "${attributes[@]}"
expect "each of .map/ is to be seen" "" \
	"$(sed -n '/^## \.map/,/^Maps without/p' "$page" | grep -E '^\*' | tr -d '\\' | grep -oE '\*[a-z][a-z_. ]*/?\*' |
		tr -d '*/' | tr ' ' '\n' | sort -u | comm -23 - <(printf '%s\n' "${attributes[@]}" | sort) | paste -sd' ')"
mapfile -t keyless < <(names queue bloom ring events user | grep -v '^\.map$')
files "maps without keys" "## .map/" "${keyless[@]}"
mapfile -t objects < <(names prog link)
files "programs and links" "# PROGRAMS AND LINKS" "${objects[@]}"
mapfile -t device < <(names devices.offload/nsim0)
files "devices" "# DEVICES" "${device[@]}"
mapfile -t control < <(names maps.control | sed 's|^|maps.control/|')
files "control maps" "# CONTROL MAPS" "${control[@]}"
cd /
finish
