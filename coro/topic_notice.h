// An event of a topic, as a coroutine receives it.

#ifndef WEFT_CORO_TOPIC_NOTICE_H_
#define WEFT_CORO_TOPIC_NOTICE_H_

#include <string>

#include "weft/server/topics/topic_event.h"

namespace weft::coro {

// What Handler::OnTopic gets: see Session::ReceiveTopicEvent.
struct TopicNotice {
  std::string topic;
  TopicEvent event;
};

}  // namespace weft::coro

#endif  // WEFT_CORO_TOPIC_NOTICE_H_
