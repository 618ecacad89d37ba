// SPDX-License-Identifier: BSD-2-Clause
#include "redirect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/cleanup.h>
#include <bpfuse/redirect.h>
#include "file.h"

/*
 * The last question about a map is kept (`echo key=3 > redirect; cat redirect`), and reading
 * asks it again, so that the answer is of now. Direct-mapped: an old one may be forgotten.
 */
#define QUESTIONS 64
struct question {
	const struct backend *backend;
	uint32_t map_id;
	char *text;
};
static struct question questions[QUESTIONS];
static pthread_mutex_t questions_lock = PTHREAD_MUTEX_INITIALIZER;

static struct question *question_at(const struct object *map)
{
	return &questions[map->id % QUESTIONS];
}

static int question_keep(const struct object *map, const char *text, size_t length)
{
	char *copy = strndup(text, length);
	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&questions_lock);
	struct question *question = question_at(map);
	free(question->text);
	*question = (struct question){map->handle->backend, map->id, copy};
	pthread_mutex_unlock(&questions_lock);
	return 0;
}

static char *question_of(const struct object *map)
{
	char *text = NULL;
	pthread_mutex_lock(&questions_lock);
	const struct question *question = question_at(map);
	if (question->text && question->map_id == map->id &&
	    question->backend == map->handle->backend)
		text = strdup(question->text);
	pthread_mutex_unlock(&questions_lock);
	return text;
}

static int render_redirect(struct request *request, struct node *node, struct object *map,
			   struct buffer *text)
{
	cleanup_free char *question = question_of(map);
	if (!question)
		return 0;
	int rc = redirect_simulate(map->handle, question, strlen(question), text, &request->fault);
	if (!rc)
		buffer_append_char(text, '\n');
	return rc;
}

static int accept_redirect(struct request *request, struct node *node, struct object *map,
			   const char *text, size_t length)
{
	struct buffer answer = BUFFER_INIT;
	int rc = redirect_simulate(map->handle, text, length, &answer, &request->fault);
	buffer_free(&answer);
	return rc ? rc : question_keep(map, text, length);
}

static bool is_devmap(const struct object *map)
{
	return map->info.type == BPF_MAP_TYPE_DEVMAP || map->info.type == BPF_MAP_TYPE_DEVMAP_HASH;
}

const struct node_kind kind_redirect = {
	.name = "redirect",
	.type = S_IFREG,
	.mode = 0644,
	.present = is_devmap,
	.render = render_redirect,
	.accept = accept_redirect,
};
