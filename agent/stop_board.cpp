#include "agent/stop_board.h"

#include <vector>

namespace facet::agent {

StopBoard::Ticket StopBoard::add(ConversationId conversation) {
  const std::lock_guard lock(mutex_);
  return entries_.insert(entries_.end(), Entry{conversation, {}});
}

std::stop_token StopBoard::token(Ticket ticket) const {
  const std::lock_guard lock(mutex_);
  return ticket->source.get_token();
}

void StopBoard::set_conversation(Ticket ticket, ConversationId conversation) {
  const std::lock_guard lock(mutex_);
  ticket->conversation = conversation;
}

void StopBoard::remove(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  entries_.erase(ticket);
}

void StopBoard::stop(ConversationId conversation) {
  // Stopping runs callbacks of others, which must not happen under our lock.
  std::vector<std::stop_source> sources;
  {
    const std::lock_guard lock(mutex_);
    for (const Entry& entry : entries_)
      if (conversation == 0 || entry.conversation == conversation) sources.push_back(entry.source);
  }
  for (std::stop_source& source : sources)
    source.request_stop();
}

}  // namespace facet::agent
