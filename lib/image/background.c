// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include "image/background.h"
#include "image/message.h"

struct background {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	bool running, stop;
	/* the job; bytes NULL: none */
	int fd;
	const unsigned char *bytes;
	size_t length;
	uint64_t offset;
	int error; /* of any job so far */
};

struct background *background_new(void)
{
	struct background *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	return made;
}

static void *background_run(void *context)
{
	struct background *background = context;

	pthread_mutex_lock(&background->lock);
	for (;;) {
		int error;

		while (!background->bytes && !background->stop)
			pthread_cond_wait(&background->changed, &background->lock);
		if (!background->bytes)
			break;
		pthread_mutex_unlock(&background->lock);
		error = message_write_at(background->fd, background->bytes, background->length,
					 background->offset);
		pthread_mutex_lock(&background->lock);
		background->error = background->error ? background->error : error;
		background->bytes = NULL;
		pthread_cond_broadcast(&background->changed);
	}
	pthread_mutex_unlock(&background->lock);
	return NULL;
}

/* Signals are for the program's own threads. */
static bool thread_start(struct background *background)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	background->running =
		!pthread_create(&background->thread, NULL, background_run, background);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return background->running;
}

static int wait_locked(struct background *background)
{
	while (background->bytes)
		pthread_cond_wait(&background->changed, &background->lock);
	return background->error;
}

int background_write(struct background *background, int fd, const void *bytes, size_t length,
		     uint64_t offset)
{
	int error;

	if (!background->running && !background->error && !thread_start(background))
		background->error = message_write_at(fd, bytes, length, offset);
	if (!background->running)
		return background->error;
	pthread_mutex_lock(&background->lock);
	error = wait_locked(background);
	if (!error) {
		background->fd = fd;
		background->bytes = bytes;
		background->length = length;
		background->offset = offset;
		pthread_cond_broadcast(&background->changed);
	}
	pthread_mutex_unlock(&background->lock);
	return error;
}

int background_wait(struct background *background)
{
	int error;

	pthread_mutex_lock(&background->lock);
	error = wait_locked(background);
	pthread_mutex_unlock(&background->lock);
	return error;
}

void background_free(struct background *background)
{
	if (!background)
		return;
	if (background->running) {
		pthread_mutex_lock(&background->lock);
		background->stop = true;
		pthread_cond_broadcast(&background->changed);
		pthread_mutex_unlock(&background->lock);
		pthread_join(background->thread, NULL);
	}
	pthread_cond_destroy(&background->changed);
	pthread_mutex_destroy(&background->lock);
	free(background);
}
