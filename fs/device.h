/* SPDX-License-Identifier: BSD-2-Clause */
/* devices.offload/: network devices that hold device-bound objects (bpfuse(8), DEVICES). */
#ifndef FS_DEVICE_H
#define FS_DEVICE_H

#include "node.h"

extern const struct node_kind kind_devices;

#endif
