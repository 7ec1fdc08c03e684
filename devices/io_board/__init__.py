"""I/O board: doors, sensors and lights over Modbus RTU."""

from devices.io_board.board import BadBoardError, Board, load_board
from devices.io_board.driver import ModbusIoBoard

__all__ = ["BadBoardError", "Board", "ModbusIoBoard", "load_board"]
