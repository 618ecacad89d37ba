/* SPDX-License-Identifier: BSD-2-Clause */
#include "removed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "node.h"

#define SLOTS 64
#define LIFETIME 2 /* seconds */

/* A ring: who removes more than this does not make them anew one by one. */
static struct {
	uint64_t ino; /* of directory and name; 0: free */
	pid_t pid;
	time_t until;
} slots[SLOTS];
static unsigned next_slot;
static atomic_uint used; /* so that nobody looks where there was never anything */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static time_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

void removed_add(uint64_t dir_ino, const char *name, pid_t pid)
{
	pthread_mutex_lock(&lock);
	slots[next_slot].ino = node_ino(dir_ino, name, strlen(name));
	slots[next_slot].pid = pid;
	slots[next_slot].until = now() + LIFETIME;
	next_slot = (next_slot + 1) % SLOTS;
	used = 1;
	pthread_mutex_unlock(&lock);
}

static bool find(uint64_t dir_ino, const char *name, pid_t pid, bool take)
{
	if (!used)
		return false;
	uint64_t ino = node_ino(dir_ino, name, strlen(name));
	time_t time = now();
	bool found = false;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < SLOTS; i++) {
		if (slots[i].ino != ino || slots[i].pid != pid || slots[i].until < time)
			continue;
		found = true;
		if (take)
			slots[i].ino = 0;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

bool removed_has(uint64_t dir_ino, const char *name, pid_t pid)
{
	return find(dir_ino, name, pid, false);
}

bool removed_take(uint64_t dir_ino, const char *name, pid_t pid)
{
	return find(dir_ino, name, pid, true);
}
