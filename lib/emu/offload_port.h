/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port of an offload device: what the files of a device directory switch.
 *
 * Every call of the driver passes through port_call() first: it is counted, sleeps the port's
 * latency, and may be failed on purpose. A sleeping call holds nothing but its own reference, so
 * that it delays nobody else, and wakes at once when the port is unregistered.
 */
#ifndef EMU_OFFLOAD_PORT_H
#define EMU_OFFLOAD_PORT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>

/* What is asked of a driver. */
enum offload_call {
	OFFLOAD_ALLOC,
	OFFLOAD_FREE,
	OFFLOAD_LOOKUP,
	OFFLOAD_UPDATE,
	OFFLOAD_DELETE,
	OFFLOAD_NEXT_KEY,
	OFFLOAD_BIND, /* a program */
	OFFLOAD_CALLS,
};

struct offload_asic;
struct netdev;

struct port_fault {
	int error;	/* -errno; 0: none */
	uint64_t count; /* how many more; 0: for ever */
};

struct offload_port {
	atomic_uint references;
	atomic_bool gone;
	/* Under netdev_table.lock: */
	struct offload_asic *asic;
	struct netdev *netdev;	      /* NULL once unregistered */
	struct offload_port *sibling; /* the next port of the ASIC, the newest first */
	/* Under lock: */
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool accept;
	uint64_t latency_us;
	struct port_fault faults[OFFLOAD_CALLS];
	uint64_t calls[OFFLOAD_CALLS];
};

#define PORT_LATENCY_MAX 60000000u /* a minute, in microseconds */

/* One reference; NULL when memory runs out. */
struct offload_port *port_new(void);
struct offload_port *port_get(struct offload_port *port);
void port_put(struct offload_port *port);

/* 0: the driver is to be called; else the error it is to have given. */
int port_call(struct offload_port *port, enum offload_call call);
bool port_accepts(struct offload_port *port);
uint64_t port_latency(struct offload_port *port);
/* Also of the calls that sleep now. */
void port_set_latency(struct offload_port *port, uint64_t latency_us);
/* Wakes all sleeping calls and lets no more sleep. */
void port_gone(struct offload_port *port);

void port_faults_print(struct offload_port *port, struct buffer *out);
/*
 * Lines "OP ERRNO [COUNT]", all of them or none; OP is a name as printed, or "any"; ERRNO a name
 * or number, 0 for no fault any more. Empty text clears all faults.
 */
int port_faults_parse(struct offload_port *port, const char *text, size_t length,
		      struct fault *fault);
void port_stats_print(struct offload_port *port, struct buffer *out);
void port_stats_reset(struct offload_port *port);

#endif
