/*
 * The handlers, by endpoint: each is a resource_handler of the file named after its resource.
 */
#ifndef RESOURCE_HANDLERS_H
#define RESOURCE_HANDLERS_H

#include "resource/resource.h"

int assistant_create(struct resource_call *call, struct treadle_error *error);
int assistant_list(struct resource_call *call, struct treadle_error *error);
int assistant_retrieve(struct resource_call *call, struct treadle_error *error);
int assistant_modify(struct resource_call *call, struct treadle_error *error);
int assistant_delete(struct resource_call *call, struct treadle_error *error);
int thread_create(struct resource_call *call, struct treadle_error *error);
int thread_retrieve(struct resource_call *call, struct treadle_error *error);
int thread_modify(struct resource_call *call, struct treadle_error *error);
int thread_list(struct resource_call *call, struct treadle_error *error);
int thread_usage(struct resource_call *call, struct treadle_error *error);
int thread_delete(struct resource_call *call, struct treadle_error *error);
int run_create_with_thread(struct resource_call *call, struct treadle_error *error);
int message_create(struct resource_call *call, struct treadle_error *error);
int message_list(struct resource_call *call, struct treadle_error *error);
int message_retrieve(struct resource_call *call, struct treadle_error *error);
int message_modify(struct resource_call *call, struct treadle_error *error);
int message_delete(struct resource_call *call, struct treadle_error *error);
int run_create(struct resource_call *call, struct treadle_error *error);
int run_list(struct resource_call *call, struct treadle_error *error);
int run_retrieve(struct resource_call *call, struct treadle_error *error);
int run_modify(struct resource_call *call, struct treadle_error *error);
int run_cancel(struct resource_call *call, struct treadle_error *error);
int run_submit_tool_outputs(struct resource_call *call, struct treadle_error *error);
int run_step_list(struct resource_call *call, struct treadle_error *error);
int run_step_retrieve(struct resource_call *call, struct treadle_error *error);
int run_list_all(struct resource_call *call, struct treadle_error *error);
int run_events(struct resource_call *call, struct treadle_error *error);
int run_times(struct resource_call *call, struct treadle_error *error);
int run_find(struct resource_call *call, struct treadle_error *error);
int file_create(struct resource_call *call, struct treadle_error *error);
int file_list(struct resource_call *call, struct treadle_error *error);
int file_retrieve(struct resource_call *call, struct treadle_error *error);
int file_content(struct resource_call *call, struct treadle_error *error);
int file_delete(struct resource_call *call, struct treadle_error *error);
int upload_create(struct resource_call *call, struct treadle_error *error);
int upload_part_create(struct resource_call *call, struct treadle_error *error);
int upload_complete(struct resource_call *call, struct treadle_error *error);
int upload_cancel(struct resource_call *call, struct treadle_error *error);
int vector_store_create(struct resource_call *call, struct treadle_error *error);
int vector_store_list(struct resource_call *call, struct treadle_error *error);
int vector_store_retrieve(struct resource_call *call, struct treadle_error *error);
int vector_store_modify(struct resource_call *call, struct treadle_error *error);
int vector_store_delete(struct resource_call *call, struct treadle_error *error);
int vector_store_file_create(struct resource_call *call, struct treadle_error *error);
int vector_store_file_list(struct resource_call *call, struct treadle_error *error);
int vector_store_file_retrieve(struct resource_call *call, struct treadle_error *error);
int vector_store_file_modify(struct resource_call *call, struct treadle_error *error);
int vector_store_file_content(struct resource_call *call, struct treadle_error *error);
int vector_store_file_delete(struct resource_call *call, struct treadle_error *error);
int vector_store_batch_create(struct resource_call *call, struct treadle_error *error);
int vector_store_batch_retrieve(struct resource_call *call, struct treadle_error *error);
int vector_store_batch_cancel_files(struct resource_call *call, struct treadle_error *error);
int vector_store_batch_list_files(struct resource_call *call, struct treadle_error *error);
int backup_create(struct resource_call *call, struct treadle_error *error);
int key_create(struct resource_call *call, struct treadle_error *error);
int key_list(struct resource_call *call, struct treadle_error *error);
int key_revoke(struct resource_call *call, struct treadle_error *error);

int model_list(struct resource_call *call, struct treadle_error *error);
int model_retrieve(struct resource_call *call, struct treadle_error *error);
int model_delete(struct resource_call *call, struct treadle_error *error);

int embedding_create(struct resource_call *call, struct treadle_error *error);

int chat_create(struct resource_call *call, struct treadle_error *error);

#endif
