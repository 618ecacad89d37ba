/* SPDX-License-Identifier: BSD-2-Clause */
/* .map/redirect of devmaps: ask what bpf_redirect_map() would do (bpfuse/redirect.h). */
#ifndef FS_REDIRECT_H
#define FS_REDIRECT_H

#include "node.h"

extern const struct node_kind kind_redirect;

#endif
