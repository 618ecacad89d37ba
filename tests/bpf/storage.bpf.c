// SPDX-License-Identifier: BSD-2-Clause
/* Maps whose keys are open files: the storage of sockets and of tasks. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} of_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} of_tasks SEC(".maps");

/* bpftool loads programs; the maps come along. */
SEC("raw_tp/sys_enter")
int idle(void *context)
{
	return 0;
}

char _license[] SEC("license") = "GPL";
