/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef BPFUSE_TESTS_IMAGE_SCRATCH_H
#define BPFUSE_TESTS_IMAGE_SCRATCH_H

/* A name in a directory of the process, which is removed at its end. Valid as long as it lives. */
const char *scratch_path(const char *name);

#endif
