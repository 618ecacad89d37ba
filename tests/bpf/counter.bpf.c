// SPDX-License-Identifier: BSD-2-Clause
/* Counts system calls of one process, or of all: by number, by command name, and per CPU. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct command {
	char name[16];
};

struct command_calls {
	__u64 calls;
	__u32 last_pid;
	__u32 last_number;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} call_counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct command);
	__type(value, struct command_calls);
} command_counts SEC(".maps");

/* 0: all calls; 1: calls of an even number */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} call_totals SEC(".maps");

/* 0: every process */
const volatile __u32 only_pid = 0;

static __always_inline void count_number(__u32 number)
{
	__u64 one = 1, *count = bpf_map_lookup_elem(&call_counts, &number);

	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&call_counts, &number, &one, BPF_NOEXIST);
}

static __always_inline void count_command(__u32 number, __u32 pid)
{
	struct command command = {};
	struct command_calls first = {.calls = 1, .last_pid = pid, .last_number = number};
	struct command_calls *calls;

	bpf_get_current_comm(command.name, sizeof(command.name));
	calls = bpf_map_lookup_elem(&command_counts, &command);
	if (!calls) {
		bpf_map_update_elem(&command_counts, &command, &first, BPF_NOEXIST);
		return;
	}
	__sync_fetch_and_add(&calls->calls, 1);
	calls->last_pid = pid;
	calls->last_number = number;
}

static __always_inline void count_total(__u32 index)
{
	__u64 *total = bpf_map_lookup_elem(&call_totals, &index);

	if (total)
		(*total)++;
}

SEC("raw_tracepoint/sys_enter")
int count_call(struct bpf_raw_tracepoint_args *context)
{
	__u32 number = (__u32)context->args[1];
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (only_pid && pid != only_pid)
		return 0;
	count_number(number);
	count_command(number, pid);
	count_total(0);
	if (number % 2 == 0)
		count_total(1);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
