/* SPDX-License-Identifier: BSD-2-Clause */
/* Cases of `restore --in-place` that run on both backends. */
#ifndef BPFUSE_TESTS_IMAGE_IN_PLACE_H
#define BPFUSE_TESTS_IMAGE_IN_PLACE_H

#include <bpfuse/backend.h>

/* A world (world_build) and what is done to it; ends with the world as it was at first. */
void in_place_refills_every_type(struct backend *backend, struct handle *prog);

#endif
