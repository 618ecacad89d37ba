// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpfuse/cleanup.h>
#include "image/decision.h"
#include "image/manifest.h"
#include "image/message.h"
#include "image/report.h"
#include "image/state.h"

#define RUN_PREFIX "run-"
#define DONE_PREFIX "done-"
#define TEMPORARY_PREFIX ".run-"
/* Bytes: a number for each map that is frozen. */
#define RECORD_MAX (16u << 20)

struct decision {
	struct backend *backend;
	int directory;
	char name[DECISION_NAME_SIZE], token[DECISION_TOKEN_SIZE];
	json_t *record;
	bool taken;
};

static void file_name(const char *prefix, const char *name, char file[96])
{
	snprintf(file, 96, "%s%s", prefix, name);
}

static int bytes_write(int directory, const char *file, const char *text)
{
	cleanup_close int fd =
		openat(directory, file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int error;

	if (fd < 0)
		return -errno;
	error = message_write_at(fd, text, strlen(text), 0);
	return error ? error : fsync(fd) ? -errno : 0;
}

/* A reader finds all of it or nothing. */
static int record_write(const struct decision *decision)
{
	cleanup_free char *text = json_dumps(decision->record, JSON_COMPACT);
	char temporary[96], file[96];
	int error;

	if (!text)
		return -ENOMEM;
	file_name(TEMPORARY_PREFIX, decision->name, temporary);
	file_name(RUN_PREFIX, decision->name, file);
	error = bytes_write(decision->directory, temporary, text);
	if (!error && renameat(decision->directory, temporary, decision->directory, file))
		error = -errno;
	if (error)
		unlinkat(decision->directory, temporary, 0);
	return error;
}

/* Where a snapshot will be is told from the root on: the next run may be started elsewhere. */
static char *absolute(const char *path)
{
	char here[PATH_MAX];
	char *full;

	if (*path == '/')
		return strdup(path);
	if (!getcwd(here, sizeof(here)) || asprintf(&full, "%s/%s", here, path) < 0)
		return NULL;
	return full;
}

static json_t *record_new(const struct decision *decision, const char *snapshot)
{
	cleanup_free char *full = snapshot ? absolute(snapshot) : NULL;
	char world[WORLD_TEXT_SIZE], boot[BOOT_TEXT_SIZE];

	state_world(decision->backend, world);
	state_boot(boot);
	return json_pack("{s:s, s:s, s:s, s:s*, s:[]}", "world", world, "boot_id", boot, "token",
			 decision->token, "snapshot", full, "freeze");
}

int decision_begin(struct backend *backend, const char *state, const char *snapshot,
		   struct decision **decision, struct fault *fault)
{
	struct decision *made = calloc(1, sizeof(*made));
	char boot[BOOT_TEXT_SIZE], name[96];
	int error;

	if (!made)
		return fault_set(fault, ENOMEM, "out of memory");
	made->backend = backend;
	made->directory = state_open(state, fault);
	if (made->directory < 0) {
		error = made->directory;
		free(made);
		return error;
	}
	state_entry_name("", name);
	snprintf(made->name, sizeof(made->name), "%.71s", name);
	state_boot(boot);
	snprintf(made->token, sizeof(made->token), "%.71s@%.39s", made->name, boot);
	made->record = record_new(made, snapshot);
	error = made->record ? record_write(made) : -ENOMEM;
	if (error) {
		fault_set(fault, -error, "the journal of this run cannot be written: %s",
			  strerror(-error));
		decision_end(made, true);
		return error;
	}
	*decision = made;
	return 0;
}

const char *decision_name(const struct decision *decision)
{
	return decision->name;
}

const char *decision_token(const struct decision *decision)
{
	return decision->token;
}

int decision_add_freeze(struct decision *decision, uint32_t map_id)
{
	return json_array_append_new(json_object_get(decision->record, "freeze"),
				     json_integer(map_id))
		       ? -ENOMEM
		       : 0;
}

int decision_take(struct decision *decision, struct fault *fault)
{
	char from[96], to[96];
	int error = record_write(decision);

	file_name(RUN_PREFIX, decision->name, from);
	file_name(DONE_PREFIX, decision->name, to);
	if (!error && renameat(decision->directory, from, decision->directory, to))
		error = -errno;
	if (error)
		return fault_set(fault, -error, "the journal of this run cannot be written: %s",
				 strerror(-error));
	decision->taken = true;
	return 0;
}

/* A map that is frozen already, or gone, needs nothing. */
static int maps_freeze(struct backend *backend, const json_t *record, struct fault *fault)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(record, "freeze"), i, item) {
		cleanup_with(handle_closep) struct handle *map = NULL;
		uint32_t id = (uint32_t)json_integer_value(item);
		struct map_state state;
		int error = object_open(backend, OBJECT_MAP, id, 0, &map);

		if (error == -ENOENT)
			continue;
		if (!error)
			error = map_state(map, &state);
		if (!error && !state.frozen)
			error = map_freeze(map);
		if (error)
			return fault_set(fault, -error, "map %u: cannot be frozen: %s", id,
					 strerror(-error));
	}
	return 0;
}

int decision_finish(struct decision *decision, struct fault *fault)
{
	return maps_freeze(decision->backend, decision->record, fault);
}

void decision_end(struct decision *decision, bool complete)
{
	char file[96];

	file_name(decision->taken ? DONE_PREFIX : RUN_PREFIX, decision->name, file);
	if (complete)
		unlinkat(decision->directory, file, 0);
	json_decref(decision->record);
	close(decision->directory);
	free(decision);
}

/* --- after a kill --- */

/* 1; 0: there is none, or none that was complete; -errno: it cannot be read now. */
static int record_read(int directory, const char *prefix, const char *name, json_t **record)
{
	cleanup_close int fd = -1;
	cleanup_free char *text = NULL;
	char file[96];
	struct stat st;
	int error;

	*record = NULL;
	file_name(prefix, name, file);
	fd = openat(directory, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return errno == ENOENT || errno == ELOOP ? 0 : -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > RECORD_MAX)
		return 0;
	text = malloc((size_t)st.st_size + 1);
	error = text ? message_read_at(fd, file, text, (size_t)st.st_size, 0, NULL) : -ENOMEM;
	if (error)
		return error == -EINVAL ? 0 : error;
	*record = json_loadb(text, (size_t)st.st_size, 0, NULL);
	return *record != NULL;
}

static const char *text_of(const json_t *record, const char *name)
{
	const char *text = json_string_value(json_object_get(record, name));

	return text ? text : "";
}

/* Is the snapshot with what was taken out in its place? -errno: that cannot be told now. */
static int snapshot_is_there(const json_t *record)
{
	const char *path = text_of(record, "snapshot");
	cleanup_close int directory = -1;
	json_t *manifest = NULL;
	int there;

	if (!*path)
		return 0;
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	there = manifest_load(directory, &manifest, NULL);
	if (there <= 0)
		return there == -EINVAL || there == -ELOOP ? 0 : there;
	there = !strcmp(text_of(manifest, "drain_token"), text_of(record, "token"));
	json_decref(manifest);
	return there;
}

static int record_judge(struct backend *backend, const json_t *record, bool done)
{
	char world[WORLD_TEXT_SIZE], boot[BOOT_TEXT_SIZE];
	int there;

	state_world(backend, world);
	state_boot(boot);
	if (!record || strcmp(text_of(record, "boot_id"), boot) != 0)
		return DECISION_STALE;
	if (strcmp(text_of(record, "world"), world) != 0)
		return DECISION_FOREIGN;
	if (done)
		return DECISION_TAKEN;
	there = snapshot_is_there(record);
	return there < 0 ? there : there ? DECISION_TAKEN : DECISION_OPEN;
}

int decision_find(struct backend *backend, int directory, const char *name, struct fault *fault)
{
	json_t *record;
	int done = record_read(directory, DONE_PREFIX, name, &record), state = done;

	if (!done)
		state = record_read(directory, RUN_PREFIX, name, &record);
	if (state >= 0)
		state = record_judge(backend, record, done);
	json_decref(record);
	if (state < 0)
		return fault_set(fault, -state, "what run %s had decided cannot be read: %s", name,
				 strerror(-state));
	return state;
}

struct recovery {
	struct backend *backend;
	json_t *notes;
	struct fault *fault;
};

static int done_visit(void *context, int directory, const char *file)
{
	struct recovery *recovery = context;
	const char *name = file + strlen(DONE_PREFIX);
	int error = 0, state = decision_find(recovery->backend, directory, name, recovery->fault);
	json_t *record;

	if (state < 0 || state == DECISION_FOREIGN)
		return state < 0 ? state : 0;
	if (state == DECISION_TAKEN) {
		error = record_read(directory, DONE_PREFIX, name, &record);
		if (error > 0)
			error = maps_freeze(recovery->backend, record, recovery->fault);
		else if (error)
			fault_set(recovery->fault, -error, "the journal %s cannot be read: %s",
				  file, strerror(-error));
		json_decref(record);
		if (!error)
			notes_add(recovery->notes, "restore",
				  "a run that was killed at its end: completed");
	}
	if (!error)
		unlinkat(directory, file, 0);
	return error;
}

static int run_visit(void *context, int directory, const char *file)
{
	struct recovery *recovery = context;
	int state = decision_find(recovery->backend, directory, file + strlen(RUN_PREFIX),
				  recovery->fault);

	if (state >= 0 && state != DECISION_FOREIGN)
		unlinkat(directory, file, 0);
	return state < 0 ? state : 0;
}

static int temporary_visit(void *context, int directory, const char *file)
{
	unlinkat(directory, file, 0);
	return 0;
}

int decision_recover(struct backend *backend, int directory, json_t *notes, struct fault *fault)
{
	struct recovery recovery = {backend, notes, fault};
	int error = state_visit_stale(directory, DONE_PREFIX, done_visit, &recovery);

	if (!error)
		error = state_visit_stale(directory, RUN_PREFIX, run_visit, &recovery);
	return error ? error
		     : state_visit_stale(directory, TEMPORARY_PREFIX, temporary_visit, NULL);
}
