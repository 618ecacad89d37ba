// SPDX-License-Identifier: BSD-2-Clause
#include "created.h"

#include <string.h>

static struct file *created_files;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void created_add(struct file *file, pid_t pid)
{
	pthread_mutex_lock(&lock);
	file->creator = pid;
	file->unwritten = true;
	file->next_created = created_files;
	created_files = file;
	pthread_mutex_unlock(&lock);
}

void created_end(struct file *file)
{
	if (!file->unwritten)
		return;
	pthread_mutex_lock(&lock);
	struct file **link = &created_files;
	while (*link && *link != file)
		link = &(*link)->next_created;
	if (*link)
		*link = file->next_created;
	file->unwritten = false;
	pthread_mutex_unlock(&lock);
}

void created_forget(const struct node *node, pid_t pid)
{
	pthread_mutex_lock(&lock);
	struct file **link = &created_files;
	while (*link) {
		struct file *file = *link;
		if (file->node == node && file->creator == pid) {
			*link = file->next_created;
			file->unwritten = false;
		} else {
			link = &file->next_created;
		}
	}
	pthread_mutex_unlock(&lock);
}

static bool is_made_by(const struct file *file, const struct node *dir, const char *name, pid_t pid)
{
	return file->creator == pid && file->node->parent == dir &&
	       strcmp(file->node->name, name) == 0;
}

struct node *created_find(struct filesystem *fs, const struct node *dir, const char *name,
			  pid_t pid)
{
	struct node *node = NULL;
	pthread_mutex_lock(&lock);
	struct file *file = created_files;
	while (file && !is_made_by(file, dir, name, pid))
		file = file->next_created;
	if (file) {
		node = file->node;
		node_ref(fs->nodes, node);
	}
	pthread_mutex_unlock(&lock);
	return node;
}
