#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Exit statuses of bpfsnap, each verb with each status that bpfsnap(8) promises, and of bpfuse.
#   statuses.sh bpfsnap.8.scd
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse
page=$(realpath "$1")
cd "$scratch" || exit 1
export TMPDIR=$scratch
mkdir mnt other
declare -A seen

# status WANTED PROGRAM WORD...: exits so; says something on stderr if, and only if, it is not 0.
status()
{
	local wanted=$1 program=$2 got
	shift 2
	"$program" "$@" >out 2>err
	got=$?
	expect "$(basename "$program") $*: status $wanted" "$wanted" "$got"
	seen["$(basename "$program") ${1:-}"]+=" $got"
	if [ "$wanted" = 0 ] || { [ "${1:-}" = diff ] && [ "$wanted" = 1 ]; }; then
		expect "and not a word" "" "$(cat err)"
	else
		check "and says why" [ -s err ]
	fi
}

# --- bpfuse ---
status 0 "$BPFUSE" -h
status 0 "$BPFUSE" --help
status 0 "$BPFUSE" -V
status 0 "$BPFUSE" --version
status 1 "$BPFUSE"
status 1 "$BPFUSE" emu
status 1 "$BPFUSE" emu mnt other
status 1 "$BPFUSE" emu mnt -x
status 1 "$BPFUSE" emu mnt -o ro,rw
status 1 "$BPFUSE" nowhere mnt
status 1 "$BPFUSE" emu nowhere
status 0 "$BPFUSE" emu mnt
status 1 "$BPFUSE" emu mnt

# --- what is taken and put back: a map that can be copied, and a queue that cannot unless said ---
mkdir mnt/all mnt/part mnt/there
echo 'type=array key=u32 value=u32 entries=2 name=flows' >mnt/all/flows
echo 'type=queue value=u32 entries=2 name=work' >mnt/part/work
echo 7 >mnt/part/work/push
tree()
{
	find mnt/all mnt/part mnt/there -name .map -prune -o -print -name '[01]' -exec cat '{}' ';'
}

status 2 "$BPFSNAP"
status 2 "$BPFSNAP" frobnicate
status 0 "$BPFSNAP" -h
status 0 "$BPFSNAP" --help
status 0 "$BPFSNAP" -V
status 0 "$BPFSNAP" --version
before=$(tree)
state=(--state "$scratch/state")
status 0 "$BPFSNAP" dump "${state[@]}" -D whole mnt/all
status 0 "$BPFSNAP" dump "${state[@]}" -o whole.tar mnt/all
status 3 "$BPFSNAP" dump "${state[@]}" -D partial mnt/part
status 2 "$BPFSNAP" dump mnt/all
status 2 "$BPFSNAP" dump -D more
status 2 "$BPFSNAP" dump -D more -o more.tar mnt/all
status 2 "$BPFSNAP" dump -o more.tar --incremental whole mnt/all
status 2 "$BPFSNAP" dump --nonsense -D more mnt/all
status 1 "$BPFSNAP" dump "${state[@]}" -D whole mnt/all
status 1 "$BPFSNAP" dump "${state[@]}" -D more nowhere
status 1 "$BPFSNAP" dump "${state[@]}" -D more other
status 1 "$BPFSNAP" dump "${state[@]}" -D more --drain mnt/all/flows
status 1 "$BPFSNAP" dump "${state[@]}" -o /dev/full mnt/all
status 1 "$BPFSNAP" dump "${state[@]}" -D more --incremental nowhere mnt/all
expect "what failed left nothing behind" "" "$(ls -d -- *more* 2>/dev/null)"

status 2 "$BPFSNAP" restore -D whole
status 2 "$BPFSNAP" restore mnt/there
status 2 "$BPFSNAP" restore -D whole -i whole.tar mnt/there
status 2 "$BPFSNAP" restore -D whole --cpus most mnt/there
status 1 "$BPFSNAP" restore "${state[@]}" -D nowhere mnt/there
status 1 "$BPFSNAP" restore "${state[@]}" -D whole other
status 1 "$BPFSNAP" restore "${state[@]}" -D whole mnt
status 1 "$BPFSNAP" restore "${state[@]}" -i /dev/null mnt/there
expect "what failed changed nothing" "$before" "$(tree)"
status 0 "$BPFSNAP" restore "${state[@]}" -i whole.tar mnt/there
status 3 "$BPFSNAP" restore "${state[@]}" -D partial mnt/there

for verb in dump restore show diff verify export; do
	status 0 "$BPFSNAP" $verb --help
	status 0 "$BPFSNAP" $verb -h
done
for verb in show verify export; do
	status 0 "$BPFSNAP" $verb whole
	status 0 "$BPFSNAP" $verb -D whole
	status 0 "$BPFSNAP" $verb -i whole.tar
	status 0 "$BPFSNAP" $verb partial
	status 1 "$BPFSNAP" $verb nowhere
	status 1 "$BPFSNAP" $verb -i /dev/null
	status 2 "$BPFSNAP" $verb
	status 2 "$BPFSNAP" $verb whole partial
	status 2 "$BPFSNAP" $verb --nonsense whole
	status 1 sh_c "exec \"\$BPFSNAP\" $verb whole >/dev/full"
	expect "of $verb, whose output nobody takes" 1 "$(grep -c 'No space left' err)"
done
status 1 "$BPFSNAP" export --map nowhere whole
status 2 "$BPFSNAP" export --json=nonsense whole

status 0 "$BPFSNAP" diff whole mnt/all
status 0 "$BPFSNAP" diff whole mnt/there/all
status 1 "$BPFSNAP" diff whole partial
status 2 "$BPFSNAP" diff whole nowhere
status 2 "$BPFSNAP" diff whole
status 2 "$BPFSNAP" diff --nonsense whole partial
status 2 sh_c 'exec "$BPFSNAP" diff whole partial >/dev/full'

# --- every verb of the page with every status that it may have by the page ---
section()
{
	sed -n '/^# EXIT STATUS/,/^# FILES/p' "$page"
}
statuses=$(section | grep -oE '^[|].*\*[0-9]\*' | grep -oE '[0-9]' | sort -u | xargs)
only=$(section | sed -n 's/.*: of \(.*\) only/\1/p' | tr -d '*')
for verb in $(grep -oE '^\*bpfsnap [a-z]+\*' "$page" | cut -d' ' -f2 | tr -d '*'); do
	wanted=$statuses
	[[ " $only " == *" $verb "* ]] || wanted=${wanted% *}
	expect "statuses of $verb are those of the page" "$wanted" \
		"$(tr ' ' '\n' <<<"${seen["bpfsnap $verb"]}" | grep . | sort -u | xargs)"
done

# A daemon in the foreground that is told to end.
unmount_below "$scratch"
"$BPFUSE" -f emu mnt &
pid=$!
for _ in $(seq 100); do
	[ -e mnt/error.log ] && break
	sleep 0.1
done
kill $pid
wait $pid
expect "bpfuse -f ends with status 0 on SIGTERM" 0 $?
finish
