#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What a service manager sees: READY=1 when the mount answers and not before, an end on SIGTERM
# that leaves nothing mounted, also without privilege; and the unit itself.
#   service.sh UNIT
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
need_fuse

mkdir "$scratch/mnt"
cat >"$scratch/manager.py" <<'END'
import os, signal, socket, subprocess, sys
program, place = sys.argv[1:3]
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[3]
manager.bind(("\0" + name[1:]) if name.startswith("@") else name)
manager.settimeout(20)
daemon = subprocess.Popen([program, "-f", "emu", place], env=dict(os.environ, NOTIFY_SOCKET=name))
print("told", manager.recv(100).decode())
print("answers", os.path.isdir(place + "/maps.by-id"))
daemon.send_signal(signal.SIGTERM)
print("status", daemon.wait(20))
print("mounted", os.path.ismount(place))
END

for socket in "$scratch/notify" "@bpfuse-test-$$"; do
	expect "a session with a manager at ${socket/$$/PID}" \
		"told READY=1 answers True status 0 mounted False" \
		"$(python3 "$scratch/manager.py" "$BPFUSE" "$scratch/mnt" "$socket" 2>&1 | tr '\n' ' ' | sed 's/ $//')"
done

status_of()
{
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

"$BPFUSE" -f emu "$scratch/mnt" &
pid=$!
for _ in $(seq 100); do
	[ -d "$scratch/mnt/maps.by-id" ] && break
	sleep 0.1
done
expect "no capability is left" 0000000000000000 "$(status_of $pid CapEff)"
expect "nor could one come back" 0000000000000000 "$(status_of $pid CapPrm)"
expect "no_new_privs is set" 1 "$(status_of $pid NoNewPrivs)"
expect "a seccomp filter is on" 2 "$(status_of $pid Seccomp)"
expect "no core file would be written" 0 \
	"$(awk '/Max core file size/ { print $5 }' /proc/$pid/limits)"
kill $pid
wait $pid
expect "SIGTERM ends it with status 0" 0 $?
expect "and unmounts" "" "$(mounts_below "$scratch")"

if command -v systemd-analyze >/dev/null; then
	sed -e "s|^ExecStart=[^ ]*|ExecStart=$BPFUSE|" -e '/^Documentation=/d' \
		-e "s|-/[^ ]*/bpfuse-clean|-/bin/true|" "$1" >"$scratch/bpfuse@.service"
	expect "systemd takes the unit" "" "$(systemd-analyze verify "$scratch/bpfuse@.service" 2>&1)"
else
	skip_case "systemd takes the unit" "systemd-analyze is not installed"
fi
finish
