// Nest on Fastify with one route and nothing of ours. Its first line says where it listens.
import 'reflect-metadata';

import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

class BareController {
  read() {
    return { ok: true };
  }
}
Controller()(BareController);
const read = Object.getOwnPropertyDescriptor(BareController.prototype, 'read');
Get('/')(BareController.prototype, 'read', read);

class BareModule {}
Module({ controllers: [BareController] })(BareModule);

const app = await NestFactory.create(BareModule, new FastifyAdapter(), { logger: false });
await app.listen(0, '127.0.0.1');
console.log(await app.getUrl());
