// SPDX-License-Identifier: BSD-2-Clause
/* The control backend: its table, its maps and their BTF. Elements are element.c's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/bpf.h>
#include <bpfuse/control.h>
#include "control/control_type.h"

struct control {
	struct backend base; /* the first member */
	struct backend *parent;
};

static const struct backend_ops control_ops;

bool handle_is_control(const struct handle *handle)
{
	return handle->backend->ops == &control_ops;
}

/* A handle's number is its id: there is nothing to count references of. */
const struct control_type *control_type_of(const struct handle *map)
{
	return control_type_at((unsigned)map->fd - 1);
}

struct backend *control_parent(const struct handle *map)
{
	return ((struct control *)map->backend)->parent;
}

static int object_open_(struct backend *backend, enum object_kind kind, uint32_t id,
			uint32_t open_flags, struct handle **handle)
{
	if ((kind != OBJECT_MAP && kind != OBJECT_BTF) || !id || !control_type_at(id - 1))
		return -ENOENT;
	if (open_flags)
		return -EINVAL;
	*handle = malloc(sizeof(**handle));
	if (!*handle)
		return -ENOMEM;
	**handle = (struct handle){.backend = backend, .kind = kind, .fd = (int)id};
	return 0;
}

static int object_next_(struct backend *backend, enum object_kind kind, uint32_t after,
			uint32_t *id)
{
	if ((kind != OBJECT_MAP && kind != OBJECT_BTF) || !control_type_at(after))
		return -ENOENT;
	*id = after + 1;
	return 0;
}

static void handle_close_(struct handle *handle)
{
	free(handle);
}

/* --- BTF --- */

int control_btf_chars(struct btf *btf, uint32_t length)
{
	int index = btf__add_int(btf, "unsigned int", 4, 0);
	int character = btf__add_int(btf, "char", 1, BTF_INT_CHAR);

	return btf__add_array(btf, index, character, length);
}

static struct btf *describe(const struct control_type *type, uint32_t *key_id, uint32_t *value_id)
{
	struct btf *btf = btf__new_empty();

	if (btf)
		type->describe(btf, key_id, value_id);
	return btf;
}

static int btf_bytes_(struct handle *handle, void **bytes, size_t *length)
{
	uint32_t key_id, value_id, size = 0;
	struct btf *btf = describe(control_type_of(handle), &key_id, &value_id);
	const void *raw = btf ? btf__raw_data(btf, &size) : NULL;

	*bytes = raw ? malloc(size) : NULL;
	if (*bytes)
		memcpy(*bytes, raw, size);
	*length = size;
	btf__free(btf);
	return *bytes ? 0 : -ENOMEM;
}

/* --- maps --- */

static int map_info_(struct handle *map, struct map_info *info)
{
	const struct control_type *type = control_type_of(map);
	uint32_t key_id, value_id;
	struct btf *btf = describe(type, &key_id, &value_id);

	if (!btf)
		return -ENOMEM;
	btf__free(btf);
	*info = (struct map_info){
		.type = BPF_MAP_TYPE_HASH,
		.id = (uint32_t)map->fd,
		.key_size = type->key_size,
		.value_size = type->value_size,
		.max_entries = INT32_MAX,
		.map_flags = type->update ? 0 : BPF_F_RDONLY,
		.btf_id = (uint32_t)map->fd,
		.btf_key_type_id = key_id,
		.btf_value_type_id = value_id,
	};
	strncpy(info->name, type->name, sizeof(info->name) - 1);
	return 0;
}

static int map_state_(struct handle *map, struct map_state *state)
{
	const struct control_type *type = control_type_of(map);

	*state = (struct map_state){
		.type = BPF_MAP_TYPE_HASH,
		.key_size = type->key_size,
		.value_size = type->value_size,
		.max_entries = INT32_MAX,
	};
	return 0;
}

/* The attributes are there without anybody's holding them. */
static int object_holders_(struct handle *handle, struct holder **holders, size_t *count)
{
	*holders = NULL;
	*count = 0;
	return 0;
}

static int parse_value(struct handle *map, const char *text, size_t length, void *value,
		       struct fault *fault)
{
	const struct control_type *type = control_type_of(map);

	if (!type->parse_value)
		return -ENOSYS;
	return type->parse_value(control_parent(map), text, length, value, fault);
}

/* --- switches --- */

const char *control_switch_name(struct handle *map, unsigned index)
{
	const struct control_switch *each = control_type_of(map)->switches;

	for (; each && each->name; each++)
		if (index-- == 0)
			return each->name;
	return NULL;
}

static const struct control_switch *switch_find(struct handle *map, const char *name)
{
	const struct control_switch *each = control_type_of(map)->switches;

	for (; each && each->name; each++)
		if (!strcmp(each->name, name))
			return each;
	return NULL;
}

int control_switch_get(struct handle *map, const char *name, struct buffer *out)
{
	const struct control_switch *found = switch_find(map, name);
	bool on = false;
	int error = found ? found->get(control_parent(map), &on) : -ENOENT;

	if (error)
		return error;
	buffer_append_char(out, on ? '1' : '0');
	return buffer_error(out);
}

int control_switch_set(struct handle *map, const char *name, const char *text, size_t length,
		       struct fault *fault)
{
	const struct control_switch *found = switch_find(map, name);

	if (!found)
		return -ENOENT;
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	if (length != 1 || (text[0] != '0' && text[0] != '1'))
		return fault_set(fault, EINVAL, "%s: expected 0 or 1, got \"%.*s\"", name,
				 (int)(length < 32 ? length : 32), text);
	return found->set(control_parent(map), text[0] == '1');
}

/* --- the table --- */

static void control_close(struct backend *backend)
{
	free(backend);
}

static const struct backend_ops control_ops = {
	.name = "control",
	.close = control_close,
	.object_open = object_open_,
	.object_next = object_next_,
	.handle_close = handle_close_,
	.btf_bytes = btf_bytes_,
	.object_holders = object_holders_,
	.map_info = map_info_,
	.map_state = map_state_,
	.map_lookup = control_map_lookup,
	.map_update = control_map_update,
	.map_delete = control_map_delete,
	.map_next_key = control_map_next_key,
	.map_lookup_batch = control_map_lookup_batch,
	.map_parse_value = parse_value,
	.map_update_reason = control_map_update_reason,
};

int control_open(struct backend *parent, struct backend **control)
{
	struct control *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->base.ops = &control_ops;
	made->base.possible_cpus = parent->possible_cpus;
	made->base.read_only = parent->read_only;
	made->parent = parent;
	*control = &made->base;
	return 0;
}
