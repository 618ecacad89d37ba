// SPDX-License-Identifier: BSD-2-Clause
#include "formats.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/codec.h>
#include "object.h"

/* A line of the file, or what was said of one map. */
struct format {
	struct format *next;
	char *pattern; /* of the file; NULL: by id */
	const struct backend *backend;
	uint32_t id;
	char *text;
};

struct formats {
	pthread_mutex_t lock;
	struct format *by_id, *by_name;
};

static void format_free(struct format *format)
{
	free(format->pattern);
	free(format->text);
	free(format);
}

static void list_free(struct format *list)
{
	while (list) {
		struct format *next = list->next;
		format_free(list);
		list = next;
	}
}

void formats_close(struct formats *formats)
{
	if (!formats)
		return;
	list_free(formats->by_id);
	list_free(formats->by_name);
	pthread_mutex_destroy(&formats->lock);
	free(formats);
}

static struct format *format_new(const char *pattern, const char *text)
{
	struct format *format = calloc(1, sizeof(*format));
	if (!format)
		return NULL;
	format->pattern = pattern ? strdup(pattern) : NULL;
	format->text = strdup(text);
	if (!format->text || (pattern && !format->pattern)) {
		format_free(format);
		return NULL;
	}
	return format;
}

static char *trim(char *text)
{
	while (isspace((unsigned char)*text))
		text++;
	size_t length = strlen(text);
	while (length && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* "PATTERN key=TYPE value=TYPE", or nothing. Appends to *tail. */
static int read_line(char *line, struct format ***tail, struct fault *fault)
{
	line[strcspn(line, "#\n")] = '\0';
	line = trim(line);
	if (!*line)
		return 0;
	char *types = line + strcspn(line, " \t");
	if (!*types)
		return fault_set(fault, EINVAL,
				 "expected a pattern of map names and key=TYPE, value=TYPE; "
				 "got \"%s\"",
				 line);
	*types++ = '\0';
	if (codec_check_format(types, fault))
		return -EINVAL;
	**tail = format_new(line, trim(types));
	if (!**tail)
		return fault_set(fault, ENOMEM, "out of memory");
	*tail = &(**tail)->next;
	return 0;
}

static int read_file(struct formats *formats, const char *file, struct fault *fault)
{
	cleanup_fclose FILE *stream = fopen(file, "re");
	if (!stream)
		return fault_set(fault, errno, "cannot read the formats in %s: %s", file,
				 strerror(errno));
	cleanup_free char *line = NULL;
	size_t size = 0;
	struct format **tail = &formats->by_name;
	for (unsigned number = 1; getline(&line, &size, stream) >= 0; number++) {
		int rc = read_line(line, &tail, fault);
		if (rc) {
			fault_prefix(fault, "%s, line %u", file, number);
			return rc;
		}
	}
	if (ferror(stream))
		return fault_set(fault, errno, "cannot read the formats in %s: %s", file,
				 strerror(errno));
	return 0;
}

int formats_open(const char *file, struct formats **formats, struct fault *fault)
{
	struct formats *made = calloc(1, sizeof(*made));
	if (!made)
		return fault_set(fault, ENOMEM, "out of memory");
	pthread_mutex_init(&made->lock, NULL);
	int rc = file ? read_file(made, file, fault) : 0;
	if (rc) {
		formats_close(made);
		return rc;
	}
	*formats = made;
	return 0;
}

static struct format **find_id(struct formats *formats, const struct backend *backend, uint32_t id)
{
	struct format **link = &formats->by_id;
	while (*link && ((*link)->id != id || (*link)->backend != backend))
		link = &(*link)->next;
	return link;
}

char *formats_of(struct formats *formats, const struct object *map, bool *many)
{
	char name[OBJECT_NAME_MAX + 1] = {0};
	memcpy(name, map->info.name, OBJECT_NAME_MAX);
	pthread_mutex_lock(&formats->lock);
	struct format *format = *find_id(formats, map->handle->backend, map->id);
	if (!format)
		for (format = formats->by_name; format; format = format->next)
			if (fnmatch(format->pattern, name, 0) == 0)
				break;
	char *text = format ? strdup(format->text) : NULL;
	*many = format && format->pattern;
	pthread_mutex_unlock(&formats->lock);
	return text;
}

int formats_set(struct formats *formats, const struct backend *backend, uint32_t map_id,
		const char *text)
{
	struct format *format = *text ? format_new(NULL, text) : NULL;
	if (*text && !format)
		return -ENOMEM;
	pthread_mutex_lock(&formats->lock);
	struct format **link = find_id(formats, backend, map_id);
	struct format *old = *link;
	if (old)
		*link = old->next;
	if (format) {
		format->backend = backend;
		format->id = map_id;
		format->next = formats->by_id;
		formats->by_id = format;
	}
	pthread_mutex_unlock(&formats->lock);
	if (old)
		format_free(old);
	return 0;
}
