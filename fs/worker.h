/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread of the daemon's own, which sleeps without a timer while there is nothing to do. `run`
 * looks at what it shares with its owner under the lock, sleeps on `wake` or in worker_pause(), and
 * returns once `stopping` is set.
 */
#ifndef FS_WORKER_H
#define FS_WORKER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct worker {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool stopping;
};

/* A condition that can be waited for until a time of CLOCK_MONOTONIC. */
void worker_condition(pthread_cond_t *condition);
/* 0, or the -errno of the thread; then there is nothing to stop. */
int worker_start(struct worker *worker, void *(*run)(void *context), void *context);
/* Without the lock: ends the thread, waits for it, and destroys lock and condition. */
void worker_stop(struct worker *worker);
/* Under the lock, which is given up meanwhile: sleeps so long, whoever wakes it, or until the end.
 */
void worker_pause(struct worker *worker, uint64_t ns);

#endif
