// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <bpfuse/cleanup.h>
#include "image/elements.h"
#include "image/order.h"

/* "outer holds inner": indexes into image->maps. */
struct containment {
	size_t outer, inner;
};

struct containments {
	struct containment *list;
	size_t count, room;
};

static int containment_add(struct containments *all, size_t outer, size_t inner)
{
	if (all->count == all->room) {
		size_t room = all->room ? 2 * all->room : 64;
		struct containment *grown = reallocarray(all->list, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		all->list = grown;
		all->room = room;
	}
	all->list[all->count++] = (struct containment){outer, inner};
	return 0;
}

static int containment_find(struct image *image, struct containments *all, size_t outer,
			    uint32_t inner_id, struct fault *fault)
{
	const struct image_map *inner = image_find_map(image, inner_id);

	if (!inner)
		return fault_set(fault, EINVAL,
				 "map %" PRIu32 " holds map %" PRIu32 ", which is not here",
				 image->maps[outer].info.id, inner_id);
	if (containment_add(all, outer, (size_t)(inner - image->maps)))
		return fault_set(fault, ENOMEM, "out of memory");
	return 0;
}

static int containments_of(struct image *image, struct containments *all, size_t outer,
			   struct fault *fault)
{
	const struct image_map *map = &image->maps[outer];
	struct elements elements;
	int more, error = 0;

	if (map->inner_id)
		error = containment_find(image, all, outer, map->inner_id, fault);
	if (error || map->value_bytes != sizeof(uint32_t))
		return error;
	error = elements_open(image, map, &elements, fault);
	if (error)
		return error;
	while ((more = elements_next(&elements, fault)) > 0 && !error) {
		for (uint32_t i = 0; !error && i < elements.count; i++) {
			uint32_t id;

			memcpy(&id, elements.values + i * sizeof(id), sizeof(id));
			error = containment_find(image, all, outer, id, fault);
		}
	}
	elements_close(&elements);
	return error ? error : more;
}

/* level: 0 for a map that holds none; a map's level is above those of all it holds. */
static int levels_find(const struct image *image, const struct containments *all, size_t *level,
		       struct fault *fault)
{
	bool changed = true;

	for (size_t round = 0; changed; round++) {
		changed = false;
		for (size_t i = 0; i < all->count; i++) {
			const struct containment *pair = &all->list[i];

			if (level[pair->outer] > level[pair->inner])
				continue;
			level[pair->outer] = level[pair->inner] + 1;
			changed = true;
			if (round > image->map_count)
				return fault_set(fault, EINVAL, "map %" PRIu32 " is inside itself",
						 image->maps[pair->outer].info.id);
		}
		/* the kernel nests once; a chain that keeps growing is a circle */
		if (round > 64 && changed)
			return fault_set(fault, EINVAL, "maps are inside each other in a circle");
	}
	return 0;
}

static void order_by_level(const struct image *image, const size_t *level, size_t *order)
{
	size_t placed = 0;

	for (size_t wanted = 0; placed < image->map_count; wanted++)
		for (size_t i = 0; i < image->map_count; i++)
			if (level[i] == wanted)
				order[placed++] = i;
}

int image_order(struct image *image, size_t **order, struct fault *fault)
{
	struct containments all = {0};
	cleanup_free size_t *level = calloc(image->map_count + 1, sizeof(*level));
	cleanup_free size_t *found = calloc(image->map_count + 1, sizeof(*found));
	int error = level && found ? 0 : fault_set(fault, ENOMEM, "out of memory");

	for (size_t i = 0; !error && i < image->map_count; i++)
		if (map_type_get(image->maps[i].info.type)->value == VALUE_MAP)
			error = containments_of(image, &all, i, fault);
	if (!error)
		error = levels_find(image, &all, level, fault);
	free(all.list);
	if (error)
		return error;
	order_by_level(image, level, found);
	*order = move_ptr(found);
	return 0;
}
