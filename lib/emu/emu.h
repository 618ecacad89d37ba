/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The emulated backend: BPF objects, a pin tree and network devices in memory.
 *
 * It fills the table of backend.h and answers as kernel/bpf/ does: the same order of checks, the
 * same errno. What the kernel takes from elsewhere (programs from a loader, network devices,
 * capabilities) is given by a scenario file or through the functions below. All of it is
 * thread-safe, but for emu_open() and the backend's close.
 *
 * Memory: every map reserves what the kernel would allocate for it at creation, as a number
 * only; EMU_MEMORY_DEFAULT (or the scenario's "memory") bounds the sum, and a map that does not
 * fit is refused with ENOMEM before anything is allocated.
 */
#ifndef BPFUSE_EMU_H
#define BPFUSE_EMU_H

#include <bpfuse/backend.h>

#define EMU_MEMORY_DEFAULT ((uint64_t)4 << 30) /* bytes */

/* scenario_path NULL: an empty world. A fault names the JSON path or the line. */
int emu_open(const char *scenario_path, struct backend **backend, struct fault *fault);

/* Bits for emu_set_capabilities(): what the caller of every operation may do. */
enum emu_capability {
	EMU_CAP_BPF = 1,
	EMU_CAP_NET_ADMIN = 2,
	EMU_CAP_SYS_ADMIN = 4, /* stands for the others too, as bpf_capable() has it */
	EMU_CAP_ALL = 7,
};
void emu_set_capabilities(struct backend *backend, unsigned capabilities);

/* A program as somebody's loader would have made it. */
struct emu_prog_spec {
	uint32_t type;		       /* enum bpf_prog_type */
	uint32_t expected_attach_type; /* enum bpf_attach_type */
	uint32_t ifindex;	       /* not 0: offloaded to that device */
	uint32_t created_by_uid;
	bool gpl_compatible, jited;
	bool xdp_has_frags;
	unsigned char tag[8];
	char name[OBJECT_NAME_MAX];
	const int *map_fds; /* the maps it uses, map_count of them */
	uint32_t map_count;
	const void *xlated; /* xlated_length bytes of instructions */
	uint32_t xlated_length;
	uint64_t run_time_ns, run_cnt;
	struct fault *log; /* may be NULL: the verifier's sentence, where it has one */
};
int emu_prog_load(struct backend *backend, const struct emu_prog_spec *spec, struct handle **prog);

/* An attachment of a program; `detail` (may be NULL) is shown by link_info, a new reference. */
struct emu_link_spec {
	uint32_t type; /* enum bpf_link_type */
	int prog_fd;   /* -1: none (struct_ops) */
	json_t *detail;
};
int emu_link_create(struct backend *backend, const struct emu_link_spec *spec,
		    struct handle **link);

/*
 * Files that are no BPF objects but that maps take: sockets, cgroups, perf events, tasks. They
 * can do nothing but be open and be closed.
 */
enum emu_file_kind {
	EMU_FILE_PLAIN,
	EMU_FILE_PERF_EVENT,
	EMU_FILE_CGROUP,
	EMU_FILE_TASK,	  /* a pidfd */
	EMU_FILE_TCP_NEW, /* neither listening nor connected */
	EMU_FILE_TCP_LISTENING,
	EMU_FILE_UDP_NEW, /* not bound */
	EMU_FILE_UDP_BOUND,
	EMU_FILE_REUSEPORT, /* bound or listening, in a group of SO_REUSEPORT */
	EMU_FILE_XSK,	    /* AF_XDP */
	EMU_FILE_KINDS,	    /* how many there are */
};
/*
 * *fd is the number to be put into maps: the one given if it is free (-EBUSY), or, for -1, the
 * lowest free one.
 */
int emu_file_open(struct backend *backend, enum emu_file_kind kind, int *fd);
/* -EBADF if it is no open file of emu_file_open(). Files still open end with the backend. */
int emu_file_close(struct backend *backend, int fd);

/*
 * A record into a ringbuf or perf event array, as a program would write it: -ENOSPC when the
 * ring is full, and the loss is counted.
 */
int emu_stream_emit(struct handle *map, const void *record, size_t length);

#endif
