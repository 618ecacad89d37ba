/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manifest.json: what CRIU's format has no place for (bpfsnap(8) describes it).
 *
 * Readers refuse a "version" above IMAGE_VERSION and members of the wrong type, and ignore
 * members they do not know; those stay in image->manifest.
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <time.h>
#include "image/image.h"

/* What is told of the dump itself. */
struct manifest_facts {
	const char *label;   /* NULL: none */
	const char *backend; /* "kernel", "emu" */
	json_t *paths;	     /* what was dumped; borrowed */
	bool drained;
	const char *drain_token; /* the run that took the elements out; NULL: none */
	time_t time;
};

/* Builds image->manifest from the rest of the image. */
int manifest_build(struct image *image, const struct manifest_facts *facts, struct fault *fault);

/* Gives `to` what `from`, a manifest of the same maps and pins before, has and nobody here knows.
 */
void manifest_keep(json_t *to, const json_t *from);

/* Bytes: BTF of a few thousand programs; more is damage. */
#define MANIFEST_MAX (256u << 20)
/* Reads manifest.json of the directory into image->manifest. 1, 0 (none) or -errno. */
int manifest_load(int directory, json_t **manifest, struct fault *fault);
/*
 * Fills the image's lists from image->manifest. The maps are there already, from
 * bpfmap-file.img; they get what the manifest adds. Contradictions are refused.
 */
int manifest_apply(struct image *image, struct fault *fault);

#endif
