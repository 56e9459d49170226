#pragma once

#include <list>
#include <mutex>
#include <stop_token>

#include "agent/protocol.h"

namespace facet::agent {

// The turns that have been asked for and are not over, so that any thread can stop them, also those that still wait;
// and what is read ahead. Every function may be called from any thread.
class StopBoard {
 private:
  struct Entry {
    ConversationId conversation = 0;
    std::stop_source source;
  };

 public:
  using Ticket = std::list<Entry>::iterator;

  // Stands for a conversation: what is read while there is nothing else to be done.
  static constexpr ConversationId kReadingAhead = -1;

  // A turn of this conversation, 0 for one that has no id yet.
  Ticket add(ConversationId conversation);
  std::stop_token token(Ticket ticket) const;
  // A new conversation has got its id.
  void set_conversation(Ticket ticket, ConversationId conversation);
  void remove(Ticket ticket);

  // Stops the turns of a conversation; all of them for 0.
  void stop(ConversationId conversation);

 private:
  mutable std::mutex mutex_;
  std::list<Entry> entries_;
};

}  // namespace facet::agent
