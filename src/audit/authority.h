// Authority: which agents could use which tools, and on whose word, read from the log's changes in their
// order.
//
// An agent could use a tool while its deployment was approved, not over, not held and not retired, its agent
// not killed, and the tool granted, classified, offered as it is pinned and not retired. What the policies in
// force made of each call, and what a destination itself refuses, is not said here: the log has the policies'
// digests, and the decisions.
//
// Memory: of the order of the agents, tools and grants that there ever were. Thread-safety: a value.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace remit::audit {

// Who decided something, and the entry that says so.
struct Said {
  std::string by;
  std::uint64_t entry = 0;
  bool operator==(const Said&) const = default;
};

// What a tool was classified as.
struct ToolClass {
  std::string effect;  // "": nobody had said it
  std::string data_class;
  std::optional<std::vector<std::string>> labels;  // none: an entry of before labels were in it
  Said said;
  bool operator==(const ToolClass&) const = default;
};

// That an agent could use a tool, for one stretch of time with one approval, grant and classification.
struct Power {
  std::string deployment;
  std::string agent;
  std::string environment;
  std::string tool;
  std::string destination;
  ToolClass tool_class;
  Said approved;
  Said granted;
  Instant from;
  std::optional<Instant> until;  // none: it still could at the end of what was read
  std::string ended_by;          // the action that ended it, "expiry", or ""
  std::optional<std::uint64_t> ended_in;
};

// Policies that came into force.
struct Published {
  std::string environment;
  std::string digest;
  Instant at;
  Said said;
};

class Authority {
 public:
  // The next change. Entries of other kinds are passed over.
  void add(std::uint64_t index, const boost::json::object& entry);
  // What there was until `end`, in the order of its beginnings. Nothing can be added after it.
  std::vector<Power> powers(Instant end) &&;
  const std::vector<Published>& policies() const { return policies_; }

 private:
  struct Deployment {
    std::string agent;
    std::string environment;
    Instant expires = Instant::max();
    Said approved;
    bool is_approved = false;
    bool active = false;
    std::set<std::string, std::less<>> holds;
    std::vector<std::string> grants;
  };
  struct Tool {
    std::string destination;
    ToolClass tool_class;
    bool changed = false;  // offered otherwise than pinned
    bool moved = false;    // its destination is another one, and nobody has looked at it since
    bool missing = false;
    bool retired = false;
    std::vector<std::string> grants;
  };
  struct Grant {
    std::string deployment;
    std::string tool;
    Said said;
    Instant expires = Instant::max();
    bool ended = false;
    std::optional<Power> open;
  };
  struct Event {
    std::uint64_t index;
    Instant time;
    std::string action;
    std::string object;
    const boost::json::object& detail;
    std::string actor;
    std::string after;  // the digest of what there is since
    std::string_view text(std::string_view member) const;
    Said said(std::string_view member) const;
  };

  std::vector<std::string> concerned(const Event& event) const;
  void apply(const Event& event);
  bool apply_to_deployment(const Event& event);
  bool apply_to_grant(const Event& event);
  void apply_to_tool(const Event& event);
  bool could(const Grant& grant, Instant at) const;
  Instant expiry(const Grant& grant) const;
  void close(Grant& grant, Instant at, std::string why, std::optional<std::uint64_t> entry);
  void expire(Grant& grant, Instant now);
  void judge(Grant& grant, const Event& event);
  Power power_of(const Grant& grant, Instant from) const;

  std::map<std::string, Deployment, std::less<>> deployments_;
  std::map<std::string, std::vector<std::string>, std::less<>> agents_;           // their deployments
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> kills_;  // of agents, that stand
  std::map<std::string, Tool, std::less<>> tools_;
  std::map<std::string, std::vector<std::string>, std::less<>> destinations_;  // their tools
  std::map<std::string, Grant, std::less<>> grants_;
  std::vector<Power> closed_;
  std::vector<Published> policies_;
};

}  // namespace remit::audit
