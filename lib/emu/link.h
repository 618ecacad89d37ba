/* SPDX-License-Identifier: BSD-2-Clause */
/* Links: attachments of programs, which they hold. */
#ifndef BPFUSE_EMU_LINK_H
#define BPFUSE_EMU_LINK_H

#include "emu/prog.h"

struct emu_link {
	struct emu_object object; /* the first member */
	uint32_t type;		  /* enum bpf_link_type */
	struct emu_prog *prog;	  /* a reference, or NULL */
	pthread_mutex_t lock;
	json_t *detail; /* what detaching changes is under the lock */
};

int emu_link_info(struct handle *link, struct link_info *info);
/* As the link's type has it: -EOPNOTSUPP for those that only closing detaches. */
int emu_link_detach(struct handle *link);

#endif
