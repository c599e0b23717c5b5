// The script that performs everything on topics with history in Redis.

#ifndef WEFT_CLUSTER_REDIS_TOPIC_SCRIPT_H_
#define WEFT_CLUSTER_REDIS_TOPIC_SCRIPT_H_

namespace weft {

// topic.lua. Ends with a zero byte.
extern const char kTopicScript[];

}  // namespace weft

#endif  // WEFT_CLUSTER_REDIS_TOPIC_SCRIPT_H_
