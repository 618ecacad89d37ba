// SPDX-License-Identifier: BSD-2-Clause
#include "removed.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "file.h"
#include "stat.h"

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

static int stand_in_stat(struct request *request, struct node *node, struct stat *st)
{
	stat_mounter(request->fs, node, st);
	st->st_nlink = 0;
	return 0;
}

static int stand_in_open(struct request *request, struct file *file)
{
	return 0;
}

static int stand_in_read(struct request *request, struct file *file, off_t offset, size_t size,
			 const char **data, size_t *length)
{
	*data = "";
	*length = 0;
	return 0;
}

static int stand_in_write(struct request *request, struct file *file, const char *data,
			  size_t length, off_t offset)
{
	return fault_set(&request->fault, EPERM,
			 "what was removed here is still there, and it is not a file");
}

static const struct file_ops stand_in_file_ops = {
	.open = stand_in_open,
	.read = stand_in_read,
	.write = stand_in_write,
};

static const struct node_kind kind_stand_in = {
	.type = S_IFREG,
	.mode = 0600,
	.stat = stand_in_stat,
	.file = &stand_in_file_ops,
};

struct node *removed_stand_in(struct request *request, struct node *dir, const char *name)
{
	struct node_table *nodes = request->fs->nodes;
	/* Not the number of what has the name. */
	uint64_t ino = node_ino(node_ino(dir->ino, name, strlen(name)), name, strlen(name));
	struct node *node = node_child(nodes, dir, name, &kind_stand_in, ino, NULL, 0);
	if (node)
		node_unlink(nodes, dir, name);
	return node;
}
