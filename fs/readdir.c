// SPDX-License-Identifier: BSD-2-Clause
#include "readdir.h"

#include <errno.h>
#include <stdlib.h>
#include <bpfuse/map_type.h>
#include "key.h"
#include "lane.h"
#include "listing.h"
#include "reply.h"
#include "stat.h"

static struct listing *listing_of(const struct fuse_file_info *info)
{
	return (struct listing *)(uintptr_t)info->fh;
}

void ll_opendir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	struct node *dir = node_of(&request, nodeid);
	struct stat owner;
	/* Here the VFS looks again where another pin has taken the name; later it would not. */
	int rc = object_owner(dir) ? stat_owner(&request, dir, &owner) : 0;
	struct listing *listing = rc ? NULL : listing_new(request.fs, dir);
	if (!listing) {
		reply_error(&request, rc ? stale(rc) : -ENOMEM);
		return;
	}
	info->fh = (uintptr_t)listing;
	if (fuse_reply_open(req, info))
		listing_free(request.fs, listing);
}

void ll_releasedir(fuse_req_t req, fuse_ino_t nodeid, struct fuse_file_info *info)
{
	struct request request = request_begin(req);
	listing_free(request.fs, listing_of(info));
	fuse_reply_err(req, 0);
}

/* One answer to a READDIR or READDIRPLUS in the making. */
struct page {
	struct request *request;
	struct listing *listing;
	char *bytes;
	size_t size, used;
	/* READDIRPLUS: */
	bool plus;
	struct object *map;  /* whose keys get their attributes; NULL: only names */
	struct codec *codec; /* likewise */
	struct stat owner;
	struct buffer known; /* nodeids that the kernel learns from this page */
};

/* Without a nodeid an entry of READDIRPLUS is a name and no more. */
static struct fuse_entry_param bare_entry(const struct stat *st)
{
	return (struct fuse_entry_param){.attr = *st};
}

/* The file of the key at `index`, which the kernel knows from this page on. */
static struct fuse_entry_param key_entry(struct page *page, size_t index, const char *name,
					 const struct stat *st)
{
	struct request *request = page->request;
	struct listing *listing = page->listing;
	const void *key = page->codec ? listing_key(listing, index) : NULL;
	if (!key)
		return bare_entry(st);
	const struct key_listed listed = {
		.name = name,
		.key = key,
		.value = key_values_find(&listing->values, key),
		.map = page->map,
		.codec = page->codec,
		.owner = &page->owner,
	};
	struct fuse_entry_param entry;
	struct node *child;
	struct stat attr;
	if (key_child(request, listing->dir, listing->key_kind, &listed, &child, &attr))
		return bare_entry(st);
	fill_entry(request->fs, child, &attr, &entry);
	node_remember(request->fs->nodes, child);
	node_unref(request->fs->nodes, child);
	buffer_append(&page->known, &entry.ino, sizeof(entry.ino));
	return entry;
}

/* False: it does not fit. */
static bool page_add(struct page *page, size_t index, const char *name, const struct stat *st)
{
	fuse_req_t req = page->request->req;
	char *to = page->bytes + page->used;
	size_t room = page->size - page->used;
	off_t next = (off_t)index + 1;
	size_t need = page->plus ? fuse_add_direntry_plus(req, NULL, 0, name, NULL, 0)
				 : fuse_add_direntry(req, NULL, 0, name, NULL, 0);
	if (need > room)
		return false;
	if (page->plus) {
		struct fuse_entry_param entry = key_entry(page, index, name, st);
		fuse_add_direntry_plus(req, to, room, name, &entry, next);
	} else {
		fuse_add_direntry(req, to, room, name, st, next);
	}
	page->used += need;
	return true;
}

static int page_fill(struct page *page, size_t index)
{
	size_t end = listing_length(page->listing);
	for (; index < end; index++) {
		const char *name;
		struct stat st = {0};
		int rc = listing_get(page->listing, index, &name, &st);
		if (rc)
			return rc;
		if (!page_add(page, index, name, &st))
			break;
	}
	return 0;
}

/*
 * Attributes come with the names where they cost less than the LOOKUP that they save: not where
 * values are large, and not where an operation may wait for a device or the network. Keys that
 * are open files mean something else to each process.
 */
#define PLUS_VALUE_MAX 4096
static bool has_cheap_attributes(const struct request *request, const struct object *map)
{
	return map->handle->backend == request->fs->backend && !map->info.ifindex &&
	       !map_type_get(map->info.type)->key_is_fd &&
	       map_value_bytes(map->info.type, map->info.value_size,
			       map->handle->backend->possible_cpus) <= PLUS_VALUE_MAX;
}

/* A map that has gone meanwhile gives the names that are left. */
static void page_want_attributes(struct page *page, size_t index, struct held_object *held)
{
	struct listing *listing = page->listing;
	page->plus = true;
	if (!listing->key_kind || !S_ISREG(listing->key_kind->type) ||
	    object_acquire(page->request, listing->dir, &held->object, &page->owner) ||
	    !has_cheap_attributes(page->request, held->object) ||
	    object_codec(page->request, held->object, &page->codec))
		return;
	page->map = held->object;
	if (!index)
		key_values_start(page->request->fs, &listing->values, page->map, page->codec);
}

/* The kernel did not get the page after all. */
static void page_forget(struct page *page)
{
	const uint64_t *known = (const uint64_t *)(const void *)page->known.data;
	for (size_t i = 0; i < page->known.length / sizeof(*known); i++)
		node_forget(page->request->fs->nodes, known[i], 1);
}

static void read_directory(fuse_req_t req, size_t size, off_t offset,
			   const struct fuse_file_info *info, bool plus)
{
	struct request request = request_begin(req);
	struct listing *listing = listing_of(info);
	HELD_OBJECT(held, &request);
	cleanup_free char *bytes = malloc(size);
	struct page page = {.request = &request, .listing = listing, .bytes = bytes, .size = size};
	int rc = -ENOMEM;
	if (bytes) {
		pthread_mutex_lock(&listing->lock);
		rc = listing_fill(&request, listing, offset == 0);
		if (!rc && plus)
			page_want_attributes(&page, (size_t)offset, &held);
		else
			key_values_stop(request.fs, &listing->values);
		if (!rc)
			rc = page_fill(&page, (size_t)offset);
		pthread_mutex_unlock(&listing->lock);
	}
	if (LANE_TAKES(&request, .kind = plus ? CALL_READDIRPLUS : CALL_READDIR,
		       .nodeid = node_id(request.fs->nodes, listing->dir), .size = size,
		       .offset = offset, .info = *info, .has_info = true))
		return;
	if (rc)
		reply_status(&request, listing->dir, NULL, rc);
	if (rc || fuse_reply_buf(req, bytes, page.used))
		page_forget(&page);
	codec_put(page.codec);
	buffer_free(&page.known);
}

void ll_readdir(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t offset,
		struct fuse_file_info *info)
{
	read_directory(req, size, offset, info, false);
}

void ll_readdirplus(fuse_req_t req, fuse_ino_t nodeid, size_t size, off_t offset,
		    struct fuse_file_info *info)
{
	read_directory(req, size, offset, info, true);
}
