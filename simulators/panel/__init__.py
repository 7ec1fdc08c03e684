"""The tester's panel: one web page with the kiosk's window, the cabinet, and all that passes."""
