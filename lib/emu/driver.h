/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a driver of an offload device is: one file, one table of operations (see DRIVERS.md).
 *
 * A driver models the part of a network device that keeps BPF maps: it is asked to make and free
 * a map, and for the device's own four operations on one. The layer above (offload.c) has
 * checked what kernel/bpf/offload.c checks, has counted the call, slept the latency and injected
 * the fault before a driver is called.
 *
 * Locking: calls for one map never overlap, nor do map_alloc, map_free and prog_bind of one
 * device. A driver may sleep: other devices do not wait for it. It must not call the layer above.
 *
 * Errors are -errno, as the modelled driver gives them.
 */
#ifndef EMU_DRIVER_H
#define EMU_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <bpfuse/backend.h>
#include <bpfuse/buffer.h>
#include <bpfuse/fault.h>

/* What a device can hold; 0 means without limit. */
struct offload_limits {
	uint32_t max_maps;
	uint32_t max_elements;	   /* all maps of the device together, by their max_entries */
	uint32_t max_entries;	   /* of one map */
	uint32_t max_key_size;	   /* bytes */
	uint32_t max_value_size;   /* bytes */
	uint32_t max_element_size; /* bytes: key and value, each rounded up to 8 */
	uint32_t map_types;	   /* a bit for each enum bpf_map_type */
};

/* An offload device (struct bpf_offload_dev): what all ports of one ASIC share. */
struct offload_device {
	const struct offload_driver *driver;
	struct offload_limits limits;
	uint32_t maps_in_use;
	uint64_t elements_in_use; /* sum of max_entries */
};

/* A map as its driver sees it; `data` is the driver's. */
struct device_map {
	struct offload_device *device;
	uint32_t type, key_size, value_size, max_entries;
	uint32_t map_flags; /* without BPF_F_RDONLY and BPF_F_WRONLY */
	uint32_t numa_node;
	void *data;
};

struct offload_driver {
	const char *name;
	const char *about;	      /* one line, for the guide and --help texts */
	struct offload_limits limits; /* a new device's */
	bool limits_can_change;	      /* the user may set them */
	/* errno for a map that is refused because `accept` is 0. */
	int not_accepted;

	int (*map_alloc)(struct device_map *map);
	void (*map_free)(struct device_map *map);
	int (*map_lookup)(struct device_map *map, const void *key, void *value);
	/* flags: BPF_ANY, BPF_NOEXIST or BPF_EXIST, nothing else. */
	int (*map_update)(struct device_map *map, const void *key, const void *value,
			  uint64_t flags);
	int (*map_delete)(struct device_map *map, const void *key);
	/* key NULL: the first; -ENOENT behind the last. */
	int (*map_next_key)(struct device_map *map, const void *key, void *next);
};

extern const struct offload_driver netdevsim_driver;
extern const struct offload_driver nfp_driver;
extern const struct offload_driver generic_driver;

/* The driver called so, or NULL. index from 0; NULL behind the last; 0 is the default driver. */
const struct offload_driver *driver_find(const char *name);
const struct offload_driver *driver_at(unsigned index);

/* "max_entries=2 max_maps=8": every limit of the table, or those that limit. */
void driver_limits_print(const struct offload_limits *limits, struct buffer *out);
/* The same as a JSON object; a limit that does not limit is left out. */
json_t *driver_limits_json(const struct offload_limits *limits);
/* Words as printed; those not named keep their value. -EINVAL and a sentence. */
int driver_limits_parse(struct offload_limits *limits, const char *text, size_t length,
			struct fault *fault);

#endif
