"""Judges captures: could a conforming implementation have sent this, then?"""
