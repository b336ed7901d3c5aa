"""An action for all that the other ones lack."""

import connector

raw_request = connector.raw_request()
