/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formats that users gave for this mount: by map id (`.map/format`, types in a SPEC), and by
 * patterns of map names (-o formats=FILE). The first is asked first.
 */
#ifndef FS_FORMATS_H
#define FS_FORMATS_H

#include <bpfuse/fault.h>
#include "filesystem.h"

struct object;

/* file may be NULL. -errno and a sentence, with the line, if it cannot be read. */
int formats_open(const char *file, struct formats **formats, struct fault *fault);
void formats_close(struct formats *formats);
/* malloc'ed, or NULL: none. *many: by a pattern, which may have been meant for other maps. */
char *formats_of(struct formats *formats, const struct object *map, bool *many);
/* Takes a copy of the text; an empty one takes the entry away. */
int formats_set(struct formats *formats, const struct backend *backend, uint32_t map_id,
		const char *text);

#endif
