// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>
#include "emu/btf.h"
#include "emu/state.h"

#define BTF_LENGTH_MAX (16u << 20) /* BTF_MAX_SIZE */

static void btf_object_free(struct emu_object *object)
{
	struct emu_btf *btf = (struct emu_btf *)object;

	btf__free(btf->btf);
	free(btf->bytes);
	free(btf);
}

static const struct emu_object_ops btf_object_ops = {.free = btf_object_free};

static void *copy_of(const void *bytes, size_t length)
{
	void *copy = malloc(length);

	if (copy)
		memcpy(copy, bytes, length);
	return copy;
}

/* btf_type_id_size(): a type that has a size, its modifiers taken off. */
static int resolve(const struct btf *btf, uint32_t id, const struct btf_type **type, uint32_t *size)
{
	int resolved = btf__resolve_type(btf, id);
	int64_t bytes = resolved > 0 ? btf__resolve_size(btf, (uint32_t)resolved) : -1;

	if (bytes < 0 || bytes > UINT32_MAX)
		return -EINVAL;
	*type = btf__type_by_id(btf, (uint32_t)resolved);
	*size = (uint32_t)bytes;
	return 0;
}

int btf_types_resolve(const struct emu_btf *btf, uint32_t key_id, uint32_t value_id,
		      struct btf_types *types)
{
	int error = 0;

	*types = (struct btf_types){.btf = btf->btf};
	if (key_id)
		error = resolve(btf->btf, key_id, &types->key, &types->key_size);
	if (!error && value_id)
		error = resolve(btf->btf, value_id, &types->value, &types->value_size);
	return error;
}

bool btf_is_int32(const struct btf_type *type)
{
	return btf_is_int(type) && type->size == 4 && btf_int_offset(type) == 0 &&
	       btf_int_bits(type) == 32;
}

/* The struct types that the kernel takes for more than bytes: btf_get_field_type(). */
static const struct special_struct {
	const char *name;
	enum btf_field_kind kind;
	uint32_t size, alignment;
	bool single; /* at most one in a value */
} special_structs[] = {
	{"bpf_spin_lock", FIELD_SPIN_LOCK, 4, 4, true},
	{"bpf_res_spin_lock", FIELD_SPIN_LOCK, 8, 4, true},
	{"bpf_timer", FIELD_TIMER, 16, 8, true},
	{"bpf_wq", FIELD_WORKQUEUE, 16, 8, true},
	{"bpf_task_work", FIELD_WORKQUEUE, 8, 8, true},
	{"bpf_list_head", FIELD_REFERENCE, 16, 8, false},
	{"bpf_list_node", FIELD_REFERENCE, 24, 8, false},
	{"bpf_rb_root", FIELD_REFERENCE, 16, 8, false},
	{"bpf_rb_node", FIELD_REFERENCE, 32, 8, false},
	{"bpf_refcount", FIELD_REFERENCE, 4, 4, true},
};

static const char *type_name(const struct btf *btf, const struct btf_type *type)
{
	return btf__name_by_offset(btf, type->name_off);
}

static const struct special_struct *special_of(const char *name)
{
	for (size_t i = 0; name && i < sizeof(special_structs) / sizeof(*special_structs); i++)
		if (!strcmp(special_structs[i].name, name))
			return &special_structs[i];
	return NULL;
}

static int record_add(struct btf_record *record, enum btf_field_kind kind, uint32_t offset,
		      uint32_t size)
{
	if (record->count == BTF_FIELDS_MAX)
		return -E2BIG;
	record->fields[record->count++] = (struct btf_field){kind, offset, size};
	return 0;
}

/* btf_find_kptr(): a pointer whose target carries one of the tags for kernel pointers. */
static bool is_kernel_pointer(const struct btf *btf, const struct btf_type *type)
{
	static const char *const tags[] = {"kptr", "kptr_untrusted", "percpu_kptr", "uptr"};
	const struct btf_type *tag;
	const char *name;

	if (!btf_is_ptr(type))
		return false;
	tag = btf__type_by_id(btf, type->type);
	if (!tag || !btf_is_type_tag(tag))
		return false;
	name = btf__name_by_offset(btf, tag->name_off);
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++)
		if (name && !strcmp(name, tags[i]))
			return true;
	return false;
}

static int record_field(const struct btf *btf, uint32_t type_id, uint32_t offset,
			struct btf_record *record)
{
	int resolved = btf__resolve_type(btf, type_id);
	const struct btf_type *type =
		resolved > 0 ? btf__type_by_id(btf, (uint32_t)resolved) : NULL;
	const struct special_struct *special;

	if (!type)
		return 0;
	if (is_kernel_pointer(btf, type))
		return offset % 8 ? -EINVAL : record_add(record, FIELD_REFERENCE, offset, 8);
	special = btf_is_struct(type) ? special_of(type_name(btf, type)) : NULL;
	if (!special)
		return 0;
	if (type->size != special->size || offset % special->alignment)
		return -EINVAL;
	if (special->single && record_has(record, special->kind))
		return -E2BIG;
	return record_add(record, special->kind, offset, special->size);
}

int btf_record_parse(const struct btf_types *types, struct btf_record *record)
{
	const struct btf_type *value = types->value;
	int error = 0;

	*record = (struct btf_record){0};
	if (btf_is_struct(value)) {
		const struct btf_member *member = btf_members(value);

		for (unsigned i = 0; !error && i < btf_vlen(value); i++, member++)
			if (btf_member_bit_offset(value, i) % 8 == 0)
				error = record_field(types->btf, member->type,
						     btf_member_bit_offset(value, i) / 8, record);
	} else if (btf_is_datasec(value)) {
		const struct btf_var_secinfo *variable = btf_var_secinfos(value);

		for (unsigned i = 0; !error && i < btf_vlen(value); i++, variable++)
			error = record_field(types->btf, variable->type, variable->offset, record);
	}
	return error;
}

static struct btf *parse(const void *bytes, size_t length)
{
	struct btf *btf = btf__new(bytes, (uint32_t)length);

	return libbpf_get_error(btf) ? NULL : btf;
}

/*
 * btf_parse_struct_metas(): structs with fields that programs may allocate objects with have to
 * be right from the start; timers and pointers are looked at when a map is made.
 */
static int check_structs(const struct btf *btf)
{
	struct btf_types types = {.btf = btf};
	struct btf_record record;
	int error = 0;

	for (uint32_t id = 1; !error && id < btf__type_cnt(btf); id++) {
		types.value = btf__type_by_id(btf, id);
		if (!btf_is_struct(types.value) || special_of(type_name(btf, types.value)))
			continue;
		error = btf_record_parse(&types, &record);
		if (!record_has(&record, FIELD_SPIN_LOCK) && !record_has(&record, FIELD_REFERENCE))
			error = 0;
	}
	return error;
}

/* bpf_btf_load() */
int emu_btf_load(struct backend *backend, const void *bytes, size_t length, struct handle **handle)
{
	struct emu *emu = emu_of(backend);
	struct emu_btf *btf;
	int error;

	if (!emu_capable(emu, EMU_CAP_BPF))
		return -EPERM;
	if (length > BTF_LENGTH_MAX)
		return -E2BIG;
	if (!length)
		return -EINVAL;
	btf = calloc(1, sizeof(*btf));
	if (!btf)
		return -ENOMEM;
	object_init(&btf->object, emu, OBJECT_BTF, &btf_object_ops);
	btf->length = length;
	btf->bytes = copy_of(bytes, length);
	if (!btf->bytes)
		error = -ENOMEM;
	else if (!(btf->btf = parse(bytes, length)))
		error = -EINVAL;
	else
		error = check_structs(btf->btf);
	if (!error)
		error = object_publish(&btf->object);
	if (error) {
		object_put(&btf->object);
		return error;
	}
	return handle_new(&btf->object, HANDLE_READ | HANDLE_WRITE, handle);
}

int emu_btf_bytes(struct handle *handle, void **bytes, size_t *length)
{
	struct emu_btf *btf = (struct emu_btf *)emu_handle(handle)->object;

	*bytes = copy_of(btf->bytes, btf->length);
	*length = btf->length;
	return *bytes ? 0 : -ENOMEM;
}
