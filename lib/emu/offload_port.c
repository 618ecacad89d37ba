// SPDX-License-Identifier: BSD-2-Clause
#include "emu/offload_port.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/errno_name.h>
#include <bpfuse/interrupt.h>

/* A call's name in `stats` and `fail`, and other words that `fail` takes for it. */
static const struct {
	const char *name, *alias;
} call_names[OFFLOAD_CALLS] = {
	[OFFLOAD_ALLOC] = {"alloc", "create"}, [OFFLOAD_FREE] = {"free", NULL},
	[OFFLOAD_LOOKUP] = {"lookup", NULL},   [OFFLOAD_UPDATE] = {"update", NULL},
	[OFFLOAD_DELETE] = {"delete", NULL},   [OFFLOAD_NEXT_KEY] = {"get_next_key", "next_key"},
	[OFFLOAD_BIND] = {"bind", NULL},
};

struct offload_port *port_new(void)
{
	struct offload_port *port = calloc(1, sizeof(*port));
	pthread_condattr_t attr;

	if (!port)
		return NULL;
	atomic_init(&port->references, 1);
	port->accept = true;
	pthread_mutex_init(&port->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&port->wake, &attr);
	pthread_condattr_destroy(&attr);
	return port;
}

struct offload_port *port_get(struct offload_port *port)
{
	atomic_fetch_add(&port->references, 1);
	return port;
}

void port_put(struct offload_port *port)
{
	if (!port || atomic_fetch_sub(&port->references, 1) > 1)
		return;
	pthread_cond_destroy(&port->wake);
	pthread_mutex_destroy(&port->lock);
	free(port);
}

static void timespec_add(struct timespec *time, uint64_t ns)
{
	uint64_t sum = (uint64_t)time->tv_nsec + ns;

	time->tv_sec += (time_t)(sum / 1000000000);
	time->tv_nsec = (long)(sum % 1000000000);
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/*
 * The lock is held, and given up while sleeping; the latency counts as it is now, for who sleeps
 * already, too. -EINTR as nfp's driver gives (its nfp_ccm_wait_reply()): then nothing was asked of
 * the device.
 */
static int sleep_latency(struct offload_port *port)
{
	struct timespec begin, end, until;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (until = begin; !port->gone; clock_gettime(CLOCK_MONOTONIC, &until)) {
		end = begin;
		timespec_add(&end, port->latency_us * 1000);
		if (!is_before(&until, &end))
			break;
		timespec_add(&until, INTERRUPT_PERIOD_NS);
		if (is_before(&end, &until))
			until = end;
		pthread_cond_timedwait(&port->wake, &port->lock, &until);
		if (interrupted())
			return -EINTR;
	}
	return 0;
}

static int take_fault(struct port_fault *fault)
{
	int error = fault->error;

	if (error && fault->count && --fault->count == 0)
		fault->error = 0;
	return error;
}

int port_call(struct offload_port *port, enum offload_call call)
{
	int error = 0;

	pthread_mutex_lock(&port->lock);
	port->calls[call]++;
	if (call != OFFLOAD_FREE) /* the kernel frees from a work queue: nobody waits */
		error = sleep_latency(port);
	if (!error)
		error = take_fault(&port->faults[call]);
	pthread_mutex_unlock(&port->lock);
	return error;
}

bool port_accepts(struct offload_port *port)
{
	bool accepts;

	pthread_mutex_lock(&port->lock);
	accepts = port->accept;
	pthread_mutex_unlock(&port->lock);
	return accepts;
}

uint64_t port_latency(struct offload_port *port)
{
	uint64_t latency_us;

	pthread_mutex_lock(&port->lock);
	latency_us = port->latency_us;
	pthread_mutex_unlock(&port->lock);
	return latency_us;
}

void port_set_latency(struct offload_port *port, uint64_t latency_us)
{
	pthread_mutex_lock(&port->lock);
	port->latency_us = latency_us;
	pthread_cond_broadcast(&port->wake);
	pthread_mutex_unlock(&port->lock);
}

void port_gone(struct offload_port *port)
{
	pthread_mutex_lock(&port->lock);
	port->gone = true;
	pthread_cond_broadcast(&port->wake);
	pthread_mutex_unlock(&port->lock);
}

/* --- faults --- */

void port_faults_print(struct offload_port *port, struct buffer *out)
{
	size_t start = out->length;

	pthread_mutex_lock(&port->lock);
	for (int call = 0; call < OFFLOAD_CALLS; call++) {
		const struct port_fault *fault = &port->faults[call];
		char name[ERRNO_NAME_MAX];

		if (!fault->error)
			continue;
		buffer_append_format(out, "%s%s %s", out->length > start ? "\n" : "",
				     call_names[call].name, errno_name(-fault->error, name));
		if (fault->count)
			buffer_append_format(out, " %" PRIu64, fault->count);
	}
	pthread_mutex_unlock(&port->lock);
}

/* A bit for each call meant; 0: no such name. */
static unsigned calls_named(const char *name)
{
	unsigned calls = 0;

	for (int call = 0; call < OFFLOAD_CALLS; call++) {
		bool is_free = call == OFFLOAD_FREE; /* ndo_bpf's result is not looked at there */
		const char *alias = call_names[call].alias;

		if (!strcmp(name, call_names[call].name) || (alias && !strcmp(name, alias)) ||
		    (!is_free && !strcmp(name, "any")))
			calls |= 1u << call;
	}
	return calls;
}

static int count_parse(const char *word, uint64_t *count, struct fault *fault)
{
	char *end = NULL;

	if (!word || !*word) {
		*count = 0;
		return 0;
	}
	errno = 0;
	if (*word >= '0' && *word <= '9')
		*count = strtoull(word, &end, 0);
	if (!end || *end || errno || !*count)
		return fault_set(fault, EINVAL, "expected a count from 1 up, got \"%s\"", word);
	return 0;
}

/* Splits off the next word; NULL behind the last. */
static char *next_word(char **rest)
{
	char *word;

	while ((word = strsep(rest, " \t\r")))
		if (*word)
			return word;
	return NULL;
}

static int fault_line_parse(char *line, struct port_fault faults[OFFLOAD_CALLS],
			    struct fault *fault)
{
	char *name = next_word(&line), *error = next_word(&line), *count = next_word(&line);
	struct port_fault parsed = {0};
	unsigned calls;
	int result;

	if (!name)
		return 0;
	calls = calls_named(name);
	if (!calls)
		return fault_set(fault, EINVAL,
				 "\"%s\" is no operation: alloc, lookup, update, delete, "
				 "get_next_key, bind or any",
				 name);
	if (calls == 1u << OFFLOAD_FREE)
		return fault_set(fault, EINVAL, "free cannot fail: the kernel ignores its result");
	if (!error || next_word(&line))
		return fault_set(fault, EINVAL, "expected \"%s ERRNO [COUNT]\"", name);
	result = errno_parse(error, &parsed.error, fault);
	if (!result)
		result = count_parse(count, &parsed.count, fault);
	parsed.error = -parsed.error;
	for (int call = 0; !result && call < OFFLOAD_CALLS; call++)
		if (calls & 1u << call)
			faults[call] = parsed;
	return result;
}

int port_faults_parse(struct offload_port *port, const char *text, size_t length,
		      struct fault *fault)
{
	cleanup_free char *copy = strndup(text, length);
	struct port_fault faults[OFFLOAD_CALLS];
	char *rest = copy, *line;
	int error = 0;

	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&port->lock);
	memcpy(faults, port->faults, sizeof(faults));
	if (!copy[strspn(copy, " \t\r\n")])
		memset(faults, 0, sizeof(faults));
	while (!error && (line = strsep(&rest, "\n")))
		error = fault_line_parse(line, faults, fault);
	if (!error)
		memcpy(port->faults, faults, sizeof(faults));
	pthread_mutex_unlock(&port->lock);
	return error;
}

/* --- statistics --- */

void port_stats_print(struct offload_port *port, struct buffer *out)
{
	pthread_mutex_lock(&port->lock);
	for (int call = 0; call < OFFLOAD_CALLS; call++)
		buffer_append_format(out, "%s%s %" PRIu64, call ? "\n" : "", call_names[call].name,
				     port->calls[call]);
	pthread_mutex_unlock(&port->lock);
}

void port_stats_reset(struct offload_port *port)
{
	pthread_mutex_lock(&port->lock);
	memset(port->calls, 0, sizeof(port->calls));
	pthread_mutex_unlock(&port->lock);
}
