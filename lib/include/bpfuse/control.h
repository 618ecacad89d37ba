/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control maps: kernel attributes through the map interface (bpfuse(8), CONTROL MAPS).
 *
 * A control backend is a backend whose maps are attributes of another one: xdp/, prog_stats/,
 * sock/. Its maps are opened by id (object_next, object_open), are called by their info's name,
 * have BTF, and take the element operations; everything else answers -EOPNOTSUPP. So the map
 * directory and the codec work on them as on any other map.
 */
#ifndef BPFUSE_CONTROL_H
#define BPFUSE_CONTROL_H

#include <bpfuse/backend.h>

#pragma GCC visibility push(default)

/* `parent` must outlive the result; backend_close() ends it. */
int control_open(struct backend *parent, struct backend **control);
/* True for a handle of a control backend. */
bool handle_is_control(const struct handle *handle);

/*
 * Switches that a control map has in its .map/ beside the usual files. `index` counts from 0;
 * NULL behind the last; names are static. get appends "0" or "1", set takes one of them; -ENOENT:
 * there is no such switch.
 */
const char *control_switch_name(struct handle *map, unsigned index);
int control_switch_get(struct handle *map, const char *name, struct buffer *out);
int control_switch_set(struct handle *map, const char *name, const char *text, size_t length,
		       struct fault *fault);

#pragma GCC visibility pop

#endif
