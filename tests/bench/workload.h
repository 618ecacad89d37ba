/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The elements that every contestant of the benchmark works on, and how time is taken.
 *
 * Element number i has the key key_at(i) and the value i. Keys are scattered over all of u32, as
 * addresses and cookies are; index_of() is the reverse, so that a filesystem with constant answers
 * can tell its keys without a table.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Knuth's multiplicative hash: odd, hence a bijection on u32; the second is its inverse. */
#define WORKLOAD_MULTIPLIER 2654435761u
#define WORKLOAD_INVERSE 244002641u

static inline uint32_t key_at(uint32_t index)
{
	return index * WORKLOAD_MULTIPLIER;
}

static inline uint32_t index_of(uint32_t key)
{
	return key * WORKLOAD_INVERSE;
}

static inline double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* xorshift: a reproducible order that no cache foresees; *state must not be 0. */
static inline uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Benchmarks stop at the first trouble: a time taken around an error says nothing. */
static inline void __attribute__((noreturn)) die(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(error < 0 ? -error : error));
	exit(1);
}

static inline void *must_allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		die("calloc", 12 /* ENOMEM */);
	return memory;
}

/* A number of the command line. */
static inline uint64_t number_argument(const char *text)
{
	char *end;
	uint64_t number = strtoull(text, &end, 0);

	if (!*text || *end) {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return number;
}

#endif
