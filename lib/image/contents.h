/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be done with the elements of each map type: read, put back, or neither, and why. */
#ifndef IMAGE_CONTENTS_H
#define IMAGE_CONTENTS_H

#include <bpfuse/backend.h>

/* Why user space cannot read the elements of such a map; NULL: it can. */
const char *contents_unreadable(const struct map_info *info);
/* Why elements that were read cannot be put back; NULL: they can. */
const char *contents_unwritable(const struct map_info *info);
/* Why such a map cannot be made at all; NULL: it can. */
const char *contents_uncreatable(const struct map_info *info);

/* CRIU's slots: a per-CPU value of 4 bytes has 4 more that mean nothing. They become zero. */
void contents_clear_padding(const struct map_info *info, unsigned cpus, void *values,
			    uint32_t count);

#endif
