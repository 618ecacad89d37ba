#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Maps without keys.
# shellcheck source=tests/fuse/mounts.sh
. "$(dirname "$0")/../mounts.sh"
mount_start
make q 'type=queue value=4 entries=3 name=q'
make s 'type=stack value=4 entries=3 name=s'
make b 'type=bloom_filter value=4 entries=100 name=b'
same "a queue's files" "ls q" 'peek
pop
push'
works "push" "for i in 1 2 3; do echo \$i >q/push; echo \$i >s/push; done"
fails "a full queue" "Argument list too long" "echo 4 >q/push"
same "peek takes nothing" "cat q/peek q/peek" '1
1'
same "stat takes nothing" "stat -c %s q/pop; cat q/peek" '2
1'
same "pop" "cat q/pop q/pop" '1
2'
same "a stack" "cat s/pop s/pop s/pop" '3
2
1'
fails "an empty one" "No such file" "cat s/pop"
fails "peek of an empty one" "No such file" "cat s/peek"
fails "nonsense" "Invalid argument" "echo x >q/push"
fails "a key" "Invalid argument" "echo 1 >q/1"
works "bloom: push" "echo 7 >b/push"
works "bloom: may be present" "echo 7 >b/peek"
fails "bloom: is not" "No such file" "echo 8 >b/peek"
works "info" "cat q/.map/info q/.map/type b/.map/info"
works "rmdir" "rmdir q s b"
mount_stop
finish
