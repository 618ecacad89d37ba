/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend table's entries for network devices. */
#ifndef EMU_DEVICE_H
#define EMU_DEVICE_H

#include <bpfuse/backend.h>

int emu_device_list(struct backend *backend, struct device_info **devices, size_t *count);
int emu_device_find(struct backend *backend, const char *name, struct device_info *info);
int emu_device_by_ifindex(struct backend *backend, uint32_t ifindex, struct device_info *info);
int emu_device_add(struct backend *backend, const char *name);
int emu_device_remove(struct backend *backend, const char *name);
int emu_device_rename(struct backend *backend, const char *from, const char *to);
int emu_device_get(struct backend *backend, const char *name, enum device_attribute attribute,
		   struct buffer *out);
int emu_device_set(struct backend *backend, const char *name, enum device_attribute attribute,
		   const char *text, size_t length, struct fault *fault);

#endif
