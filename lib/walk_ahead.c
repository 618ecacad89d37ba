// SPDX-License-Identifier: BSD-2-Clause
/* A walk that is a chunk ahead of its reader (see walk.h). */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "walk_state.h"

#define ALONE 2	  /* chunks that are read without a thread: most maps have no more */
#define PLACES 2u /* one that is used, one that is made */

struct place {
	struct walk_chunk chunk; /* points into `bytes` */
	unsigned char *bytes;
	size_t capacity;
	int result; /* walk_next()'s */
};

struct walk_ahead {
	struct walk *walk;
	unsigned alone;
	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct place places[PLACES];
	/* Under the lock; the reader's place is places[taken % PLACES]. */
	uint64_t made, taken;
	bool stopping;
	bool over; /* the reader has met the end, or an error */
};

int walk_ahead_open(struct handle *map, unsigned flags, struct walk_ahead **ahead)
{
	struct walk_ahead *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return -ENOMEM;
	error = walk_open(map, flags, &made->walk);
	if (error) {
		free(made);
		return error;
	}
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	*ahead = made;
	return 0;
}

/* A copy that stays while the walk goes on. */
static int keep(struct place *place, const struct walk_chunk *chunk)
{
	size_t keys = chunk->count * chunk->key_size;
	size_t values = chunk->values ? chunk->count * chunk->value_size : 0;

	if (keys + values > place->capacity) {
		free(place->bytes);
		place->capacity = keys + values;
		place->bytes = malloc(place->capacity);
		if (!place->bytes) {
			place->capacity = 0;
			return -ENOMEM;
		}
	}
	place->chunk = *chunk;
	place->chunk.keys = memcpy(place->bytes, chunk->keys, keys);
	if (values)
		place->chunk.values = memcpy(place->bytes + keys, chunk->values, values);
	return 1;
}

static void make(struct walk *walk, struct place *place)
{
	struct walk_chunk chunk;

	place->result = walk_next(walk, &chunk);
	if (place->result > 0)
		place->result = keep(place, &chunk);
}

static void *run(void *argument)
{
	struct walk_ahead *ahead = argument;
	bool more = true;

	pthread_mutex_lock(&ahead->lock);
	while (more && !ahead->stopping) {
		struct place *place = &ahead->places[ahead->made % PLACES];

		if (ahead->made - ahead->taken == PLACES) {
			pthread_cond_wait(&ahead->changed, &ahead->lock);
			continue;
		}
		pthread_mutex_unlock(&ahead->lock);
		make(ahead->walk, place);
		pthread_mutex_lock(&ahead->lock);
		more = place->result > 0;
		ahead->made++;
		pthread_cond_signal(&ahead->changed);
	}
	pthread_mutex_unlock(&ahead->lock);
	return NULL;
}

/* The chunk that was given last is used no more; waits for the next one, or the end. */
static int take(struct walk_ahead *ahead, bool first, struct walk_chunk *chunk)
{
	const struct place *place;

	pthread_mutex_lock(&ahead->lock);
	if (!first) {
		ahead->taken++;
		pthread_cond_signal(&ahead->changed);
	}
	while (ahead->made == ahead->taken)
		pthread_cond_wait(&ahead->changed, &ahead->lock);
	pthread_mutex_unlock(&ahead->lock);
	place = &ahead->places[ahead->taken % PLACES];
	*chunk = place->chunk;
	ahead->over = place->result <= 0;
	return place->result;
}

/* Who waits for a device can be interrupted (interrupt.h), and another thread's wait cannot. */
static bool stays_alone(struct walk_ahead *ahead)
{
	return ahead->walk->info.ifindex || ahead->alone++ < ALONE;
}

int walk_ahead_next(struct walk_ahead *ahead, struct walk_chunk *chunk)
{
	if (ahead->over)
		return ahead->places[ahead->taken % PLACES].result;
	if (ahead->threaded)
		return take(ahead, false, chunk);
	if (stays_alone(ahead) || pthread_create(&ahead->thread, NULL, run, ahead))
		return walk_next(ahead->walk, chunk);
	ahead->threaded = true;
	return take(ahead, true, chunk);
}

void walk_ahead_close(struct walk_ahead *ahead)
{
	if (!ahead)
		return;
	if (ahead->threaded) {
		pthread_mutex_lock(&ahead->lock);
		ahead->stopping = true;
		pthread_cond_signal(&ahead->changed);
		pthread_mutex_unlock(&ahead->lock);
		pthread_join(ahead->thread, NULL);
	}
	for (unsigned i = 0; i < PLACES; i++)
		free(ahead->places[i].bytes);
	pthread_cond_destroy(&ahead->changed);
	pthread_mutex_destroy(&ahead->lock);
	walk_close(ahead->walk);
	free(ahead);
}
