// SPDX-License-Identifier: BSD-2-Clause
/* A struct_ops map: a TCP congestion control that does nothing, used by nobody. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct sock;

/* The members that are used here; libbpf finds them by name in the kernel's own. */
struct tcp_congestion_ops {
	char name[16];
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
} __attribute__((preserve_access_index));

SEC("struct_ops/idle_threshold")
__u32 BPF_PROG(idle_threshold, struct sock *sk)
{
	return 2;
}

SEC("struct_ops/idle_avoid")
void BPF_PROG(idle_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
}

SEC("struct_ops/idle_undo")
__u32 BPF_PROG(idle_undo, struct sock *sk)
{
	return 2;
}

SEC(".struct_ops")
struct tcp_congestion_ops idle = {
	.name = "bpfuse_idle",
	.ssthresh = (void *)idle_threshold,
	.cong_avoid = (void *)idle_avoid,
	.undo_cwnd = (void *)idle_undo,
};

char _license[] SEC("license") = "Dual BSD/GPL";
