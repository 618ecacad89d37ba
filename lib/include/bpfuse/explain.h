/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why the kernel said no: one sentence for an operation on a map that was refused by errno.
 *
 * bpf(2) gives a bare number. The rules behind it, those of each map type, are kept here, in one
 * place, so that error.log and stderr can tell them.
 */
#ifndef BPFUSE_EXPLAIN_H
#define BPFUSE_EXPLAIN_H

#include <bpfuse/backend.h>
#include <bpfuse/fault.h>

#pragma GCC visibility push(default)

enum map_operation {
	MAP_OP_CREATE,
	MAP_OP_LOOKUP,
	MAP_OP_UPDATE,
	MAP_OP_DELETE,
	MAP_OP_ITERATE,
	MAP_OP_POP,
	MAP_OP_FREEZE,
};

/*
 * Writes the sentence for -error (negative errno) into fault and returns it unchanged. info may
 * be NULL; key is its text, may be NULL; update_flags as given to map_update().
 */
int explain_map_error(struct fault *fault, enum map_operation operation,
		      const struct map_info *info, const char *key, uint64_t update_flags,
		      int error);
/* ENOTSUPP, which no tool can print, becomes EOPNOTSUPP; the rest stays. Both signs work. */
int error_for_user(int error);

#pragma GCC visibility pop

#endif
