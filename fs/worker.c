// SPDX-License-Identifier: BSD-2-Clause
#include "worker.h"

#include <errno.h>
#include <time.h>

#define NS_PER_SECOND 1000000000ull

void worker_condition(pthread_cond_t *condition)
{
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

int worker_start(struct worker *worker, void *(*run)(void *context), void *context)
{
	worker_condition(&worker->wake);
	pthread_mutex_init(&worker->lock, NULL);
	worker->stopping = false;
	int rc = pthread_create(&worker->thread, NULL, run, context);
	if (!rc)
		return 0;
	pthread_mutex_destroy(&worker->lock);
	pthread_cond_destroy(&worker->wake);
	return -rc;
}

void worker_stop(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	worker->stopping = true;
	pthread_cond_signal(&worker->wake);
	pthread_mutex_unlock(&worker->lock);
	pthread_join(worker->thread, NULL);
	pthread_cond_destroy(&worker->wake);
	pthread_mutex_destroy(&worker->lock);
}

void worker_pause(struct worker *worker, uint64_t ns)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(ns / NS_PER_SECOND);
	until.tv_nsec = (long)(ns % NS_PER_SECOND);
	while (!worker->stopping &&
	       pthread_cond_timedwait(&worker->wake, &worker->lock, &until) != ETIMEDOUT)
		;
}
