// SPDX-License-Identifier: BSD-2-Clause
#include "evict.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "invalidate.h"
#include "node.h"
#include "worker.h"

#define LOW (EVICT_NODES_MAX / 8 * 7)
#define BATCH INVALIDATE_MAX
/* What was taken back is forgotten by and by: look again no sooner than this. */
#define PAUSE_NS 50000000

struct evictor {
	struct filesystem *fs;
	struct worker worker;
	bool wanted;
	bool no_prune; /* an older kernel: by name, one by one */
};

static void wake_evictor(void *context)
{
	struct evictor *evictor = context;
	pthread_mutex_lock(&evictor->worker.lock);
	if (!evictor->wanted)
		pthread_cond_signal(&evictor->worker.wake);
	evictor->wanted = true;
	pthread_mutex_unlock(&evictor->worker.lock);
}

static int prune(struct fuse_session *session, const struct node_old *old, size_t count)
{
	uint64_t ids[BATCH];
	for (size_t i = 0; i < count; i++)
		ids[i] = old[i].id;
	return invalidate_inodes(session, ids, count);
}

static void invalidate_by_name(struct fuse_session *session, const struct node_old *old,
			       size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (old[i].name)
			fuse_lowlevel_notify_inval_entry(session, old[i].parent, old[i].name,
							 strlen(old[i].name));
}

static void evict_batch(struct evictor *evictor, size_t count)
{
	struct node_old old[BATCH];
	struct fuse_session *session = evictor->fs->session;
	count = node_take_oldest(evictor->fs->nodes, old, count, evictor->no_prune);
	if (evictor->no_prune)
		invalidate_by_name(session, old, count);
	else if (prune(session, old, count) == -EINVAL)
		evictor->no_prune = true;
	for (size_t i = 0; i < count; i++)
		free(old[i].name);
}

/* False: nothing was too much. */
static bool evict(struct evictor *evictor)
{
	size_t held = node_held(evictor->fs->nodes);
	if (held <= EVICT_NODES_MAX)
		return false;
	for (size_t excess = held - LOW, count; excess; excess -= count) {
		count = excess < BATCH ? excess : BATCH;
		evict_batch(evictor, count);
	}
	return true;
}

static void *run(void *argument)
{
	struct evictor *evictor = argument;
	pthread_mutex_lock(&evictor->worker.lock);
	while (!evictor->worker.stopping) {
		if (!evictor->wanted) {
			pthread_cond_wait(&evictor->worker.wake, &evictor->worker.lock);
			continue;
		}
		pthread_mutex_unlock(&evictor->worker.lock);
		bool evicted = evict(evictor);
		pthread_mutex_lock(&evictor->worker.lock);
		worker_pause(&evictor->worker, PAUSE_NS);
		evictor->wanted = evicted;
		if (!evicted) /* woken since much was forgotten */
			malloc_trim(0);
	}
	pthread_mutex_unlock(&evictor->worker.lock);
	return NULL;
}

int evictor_start(struct filesystem *fs, struct evictor **evictor)
{
	struct evictor *made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->fs = fs;
	int rc = worker_start(&made->worker, run, made);
	if (rc) {
		free(made);
		return rc;
	}
	node_table_watch(fs->nodes, EVICT_NODES_MAX, wake_evictor, made);
	*evictor = made;
	return 0;
}

void evictor_stop(struct evictor *evictor)
{
	if (!evictor)
		return;
	node_table_watch(evictor->fs->nodes, 0, NULL, NULL);
	worker_stop(&evictor->worker);
	free(evictor);
}
