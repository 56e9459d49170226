"""A bare window with one line of text.

usage: sign.py WIDTHxHEIGHT+X+Y TEXT
"""

import sys
import tkinter

place, text = sys.argv[1:]
width, height = (int(side) for side in place.split("+")[0].split("x"))
window = tkinter.Tk()
window.overrideredirect(True)  # no frame, and where it is told to be
window.geometry(place)
canvas = tkinter.Canvas(window, width=width, height=height, background="white", highlightthickness=0)
canvas.create_text(24, height // 2, anchor="w", text=text, font=("DejaVu Sans", -44), fill="black")
canvas.pack()
window.mainloop()
