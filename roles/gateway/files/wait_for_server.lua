-- http-request lua.wait_for_server BACKEND SECONDS: wait until the backend has a usable server again.
-- HAProxy itself retries a refused Unix socket at once, which is too early for a server that is being restarted.
local interval_ms = 50

core.register_action("wait_for_server", { "http-req" }, function(txn, backend, seconds)
  local attempts = tonumber(seconds) * 1000 / interval_ms
  while attempts > 0 and txn.f:nbsrv(backend) == 0 do
    core.msleep(interval_ms)
    attempts = attempts - 1
  end
end, 2)
